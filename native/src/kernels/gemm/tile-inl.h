// Rows times a panel, compiled per instruction set: include it in that set's namespace and under its target. A class O
// of operations comes in as a parameter:
//
//   V a vector of kWidth floats, U as many words; kColumns vectors side by side make a tile
//   words(const uint32_t*) and broadcast(uint32_t) give U; dot(U x, U w, V sum), zero(), load(const float*), add(V, V)
//   give V; store(V, float*), store_bf16(V, uint16_t*)

// A word of a row; rows need not be aligned.
PX_TILE_INLINE uint32_t word_at(const std::byte* x) {
  uint32_t word;
  __builtin_memcpy(&word, x, sizeof word);
  return word;
}

// The last word of a row with an odd number of bf16: nothing is read behind the row.
PX_TILE_INLINE uint32_t half_word_at(const std::byte* x) {
  uint16_t half;
  __builtin_memcpy(&half, x, sizeof half);
  return half;
}

// Memory that is fetched while a tile is computed: `lines` of 64 bytes every kFetchSteps steps, evenly, because a
// burst of fetches holds up the loads behind it.
struct Fetch {
  const uint32_t* from;
  int64_t lines;
};

inline constexpr int64_t kFetchSteps = 4;

// Into the first cache where that holds what is read beside it, into the second elsewhere.
PX_TILE_INLINE void fetch_some(Fetch& fetch) {
  for (int64_t i = 0; i < fetch.lines; ++i, fetch.from += 16)
    kFetchesNear ? __builtin_prefetch(fetch.from, 0, 3) : __builtin_prefetch(fetch.from, 0, 2);
}

// One word of each row times one word of each column.
template <class O, int R, int C>
PX_TILE_INLINE void add_step(const std::byte* x, int64_t row_bytes, const uint32_t* w, typename O::V (&sum)[R][C]) {
  typename O::U column[C];
  for (int c = 0; c < C; ++c) column[c] = O::words(w + c * O::kWidth);
  for (int r = 0; r < R; ++r) {
    const typename O::U row = O::broadcast(word_at(x + r * row_bytes));
    for (int c = 0; c < C; ++c) sum[r][c] = O::dot(row, column[c], sum[r][c]);
  }
}

template <class O, int R, int C>
PX_TILE_INLINE void multiply(const Rows& rows, const std::byte* x, const PanelWeights& weights, const uint32_t* w,
                             Fetch fetch, typename O::V (&sum)[R][C]) {
  const int64_t whole = weights.k / O::kPerWord;
  const int64_t row_bytes = rows.row_bytes;
  for (int64_t round = 0; round < whole / kFetchSteps; ++round) {
    fetch_some(fetch);
#pragma GCC unroll kFetchSteps
    for (int64_t s = 0; s < kFetchSteps; ++s, x += rows.word_bytes, w += weights.width)
      add_step<O, R, C>(x, row_bytes, w, sum);
  }
  for (int64_t s = 0; s < whole % kFetchSteps; ++s, x += rows.word_bytes, w += weights.width)
    add_step<O, R, C>(x, row_bytes, w, sum);
  if (whole * O::kPerWord == weights.k) return;
  for (int r = 0; r < R; ++r) {
    const typename O::U row = O::broadcast(half_word_at(x + r * row_bytes));
    for (int c = 0; c < C; ++c) sum[r][c] = O::dot(row, O::words(w + c * O::kWidth), sum[r][c]);
  }
}

// One vector of results, in place.
template <class O>
PX_TILE_INLINE void finish(typename O::V sum, const PanelOut& out, int64_t row, int64_t column) {
  const int64_t at = row * out.stride + column;
  if (out.bias != nullptr) sum = O::add(sum, O::load(out.bias + column));
  if (out.residual != nullptr) sum = O::add(sum, O::load(out.residual + at));
  if (out.out != nullptr) O::store(sum, out.out + at);
  if (out.out_bf16 != nullptr) O::store_bf16(sum, out.out_bf16 + at);
}

// The same where the last columns are fewer than a vector's.
template <class O>
PX_TILE_INLINE void finish_some(typename O::V sum, const PanelOut& out, int64_t row, int64_t column) {
  const int64_t n = out.columns - column;
  const int64_t at = row * out.stride + column;
  float bias[O::kWidth] = {}, residual[O::kWidth] = {}, values[O::kWidth];
  uint16_t rounded[O::kWidth];
  for (int64_t i = 0; i < n && out.bias != nullptr; ++i) bias[i] = out.bias[column + i];
  for (int64_t i = 0; i < n && out.residual != nullptr; ++i) residual[i] = out.residual[at + i];
  PanelOut part;
  part.bias = out.bias != nullptr ? bias : nullptr;
  part.residual = out.residual != nullptr ? residual : nullptr;
  part.out = values;
  part.out_bf16 = rounded;
  finish<O>(sum, part, 0, 0);
  for (int64_t i = 0; i < n && out.out != nullptr; ++i) out.out[at + i] = values[i];
  for (int64_t i = 0; i < n && out.out_bf16 != nullptr; ++i) out.out_bf16[at + i] = rounded[i];
}

template <class O, int R, int C>
PX_TILE_NOINLINE void tile(const Rows& rows, int64_t row, const PanelWeights& weights, int64_t column, Fetch fetch,
                           const PanelOut& out) {
  typename O::V sum[R][C];
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) sum[r][c] = O::zero();
  multiply<O, R, C>(rows, rows.x + row * rows.row_bytes, weights, weights.words + column, fetch, sum);
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) {
      const int64_t at = column + c * O::kWidth;
      if (at + O::kWidth <= out.columns) {
        finish<O>(sum[r][c], out, row + r, at);
      } else if (at < out.columns) {
        finish_some<O>(sum[r][c], out, row + r, at);
      }
    }
}

// A panel's columns for R rows.
template <class O, int R>
PX_TILE_INLINE void tile_of_rows(const Rows& rows, int64_t row, const PanelWeights& weights, Fetch fetch,
                                 const PanelOut& out) {
  constexpr int kSixteen = 16 / O::kWidth;
  int64_t column = 0;
  while (column < out.columns) {
    const int64_t sixteens = (out.columns - column + 15) / 16;
    if constexpr (O::kColumns == 4 * kSixteen) {
      if (sixteens >= 4) {
        tile<O, R, 4 * kSixteen>(rows, row, weights, column, fetch, out);
        column += 64;
        continue;
      }
      if (sixteens == 3) tile<O, R, 3 * kSixteen>(rows, row, weights, column, fetch, out);
      if (sixteens == 2) tile<O, R, 2 * kSixteen>(rows, row, weights, column, fetch, out);
      if (sixteens == 1) tile<O, R, kSixteen>(rows, row, weights, column, fetch, out);
      return;
    } else {
      tile<O, R, kSixteen>(rows, row, weights, column, fetch, out);
      column += 16;
    }
  }
}

// All rows in tiles of about the same height: eight are four and four, not six and two. The tiles fetch what will be read
// next as evenly as lines go.
template <class O>
PX_TILE_INLINE void multiply_panel_with(const Rows& rows, const PanelWeights& weights, const PanelOut& out) {
  const int64_t tiles = (rows.count + kTileRows - 1) / kTileRows;
  const int64_t rounds = (weights.k / O::kPerWord + kFetchSteps - 1) / kFetchSteps;
  Fetch fetch{weights.next, weights.next != nullptr ? (weights.width / 16 * kFetchSteps + tiles - 1) / tiles : 0};
  int64_t left = rounds * kFetchSteps * weights.width / 16;  // lines to fetch
  int64_t row = 0;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t height = (rows.count - row + tiles - t - 1) / (tiles - t);
    switch (height) {
      case 1:
        tile_of_rows<O, 1>(rows, row, weights, fetch, out);
        break;
      case 2:
        tile_of_rows<O, 2>(rows, row, weights, fetch, out);
        break;
      case 3:
        tile_of_rows<O, 3>(rows, row, weights, fetch, out);
        break;
      case 4:
        tile_of_rows<O, 4>(rows, row, weights, fetch, out);
        break;
      case 5:
        tile_of_rows<O, 5>(rows, row, weights, fetch, out);
        break;
      default:
        tile_of_rows<O, 6>(rows, row, weights, fetch, out);
        break;
    }
    row += height;
    fetch.from += rounds * fetch.lines * 16;
    left -= rounds * fetch.lines;
    if (left <= 0) fetch.lines = 0;
  }
}
