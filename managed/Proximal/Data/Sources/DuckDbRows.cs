using System.Runtime.CompilerServices;
using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace Proximal.Data.Sources;

/// <summary>The rows of a Parquet file as DuckDB writes them. Nothing else names a type of DuckDB, so that all else works without it.</summary>
internal static class DuckDbRows
{
    private const string Settings =
        "SET threads = 1; SET preserve_insertion_order = true; SET memory_limit = '512MB'; SET temp_directory = ''; "
        + "SET enable_external_file_cache = false; SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; SET lock_configuration = true";

    /// <summary>Throws what the loader throws when DuckDB's assembly is not there.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Require() => _ = typeof(DuckDBConnection).Assembly;

    // A database that nobody reads with: making one takes longer than reading a small file.
    private static DuckDBConnection? s_idle;

    /// <summary>Reads the rows one after the other, each as JSON; numbers that JSON does not have stand there by their names.</summary>
    public static IEnumerable<string> Read(string path)
    {
        DuckDBConnection connection = Interlocked.Exchange(ref s_idle, null) ?? Open();
        bool sound = false;
        try
        {
            using IEnumerator<string> rows = Read(connection, path).GetEnumerator();
            while (MoveNext(rows, ref sound))
            {
                yield return rows.Current;
            }
        }
        finally
        {
            // What lost itself, or was left half way, is not used again.
            DuckDBConnection? surplus = sound ? Interlocked.Exchange(ref s_idle, connection) : connection;
            surplus?.Dispose();
        }
    }

    /// <summary>Whether there is another row; <paramref name="sound"/> once the database is done with the file and itself unharmed.</summary>
    private static bool MoveNext(IEnumerator<string> rows, ref bool sound)
    {
        try
        {
            bool more = rows.MoveNext();
            sound = !more;
            return more;
        }
        catch (DuckDBException exception)
        {
            sound = exception.ErrorType is not (DuckDBErrorType.Fatal or DuckDBErrorType.Internal);
            throw;
        }
    }

    private static DuckDBConnection Open()
    {
        var connection = new DuckDBConnection("Data Source=:memory:");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = Settings;
        command.ExecuteNonQuery();
        return connection;
    }

    private static IEnumerable<string> Read(DuckDBConnection connection, string path)
    {
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = "SELECT to_json(row)::VARCHAR FROM read_parquet($path, hive_partitioning = false) AS row";
        command.Parameters.Add(new DuckDBParameter("path", Literally(path)));
        command.UseStreamingMode = true;
        using DuckDBDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return reader.GetString(0);
        }
    }

    /// <summary>A path without the meaning that some characters have in patterns.</summary>
    private static string Literally(string path) => path
        .Replace("[", "[[]", StringComparison.Ordinal)
        .Replace("*", "[*]", StringComparison.Ordinal)
        .Replace("?", "[?]", StringComparison.Ordinal);
}
