using System.Net;
using NUnit.Framework;
using Proximal.Rewards;
using Proximal.Rewards.Http;

namespace Proximal.Tests.Rewards;

public sealed class ServiceAddressTests
{
    [TestCase("8.8.8.8", "Public")]
    [TestCase("127.0.0.1", "Loopback")]
    [TestCase("127.255.0.9", "Loopback")]
    [TestCase("10.0.0.1", "Private")]
    [TestCase("172.15.255.255", "Public")]
    [TestCase("172.16.0.1", "Private")]
    [TestCase("172.31.255.255", "Private")]
    [TestCase("172.32.0.0", "Public")]
    [TestCase("192.168.3.4", "Private")]
    [TestCase("192.167.3.4", "Public")]
    [TestCase("100.64.0.1", "Private")]
    [TestCase("100.128.0.1", "Public")]
    [TestCase("198.19.0.1", "Private")]
    [TestCase("169.254.169.254", "LinkLocal")]
    [TestCase("169.253.0.1", "Public")]
    [TestCase("0.0.0.0", "Unusable")]
    [TestCase("224.0.0.1", "Unusable")]
    [TestCase("255.255.255.255", "Unusable")]
    [TestCase("::1", "Loopback")]
    [TestCase("::", "Unusable")]
    [TestCase("ff02::1", "Unusable")]
    [TestCase("fe80::1", "LinkLocal")]
    [TestCase("fd00::1", "Private")]
    [TestCase("fec0::1", "Private")]
    [TestCase("2606:4700::1111", "Public")]
    [TestCase("::ffff:127.0.0.1", "Loopback")]
    [TestCase("::ffff:169.254.169.254", "LinkLocal")]
    [TestCase("64:ff9b::10.0.0.1", "Private")]
    [TestCase("2002:7f00:1::", "Loopback")]
    [TestCase("::127.0.0.1", "Loopback")]
    public void An_address_has_its_scope_in_every_disguise(string address, string scope) =>
        Assert.That(ServiceAddress.ScopeOf(IPAddress.Parse(address)).ToString(), Is.EqualTo(scope));

    [TestCase("http://203.0.113.5/", "203.0.113.5", false, true)]
    [TestCase("http://10.1.1.1/", "10.1.1.1", false, true, TestName = "a private address that the URL names")]
    [TestCase("http://169.254.1.1/", "169.254.1.1", false, true)]
    [TestCase("http://[::1]:80/", "::1", false, true)]
    [TestCase("http://2130706433/", "127.0.0.1", false, true)]
    [TestCase("http://0.0.0.0/", "0.0.0.0", true, false)]
    [TestCase("http://localhost/", "127.0.0.1", false, true)]
    [TestCase("http://localhost/", "::1", false, true)]
    [TestCase("http://a.localhost/", "127.0.0.1", false, true)]
    [TestCase("http://localhost/", "10.1.1.1", true, false)]
    [TestCase("http://localhost/", "203.0.113.5", true, false)]
    [TestCase("http://name/", "203.0.113.5", false, true)]
    [TestCase("http://name/", "10.1.1.1", false, false, TestName = "a private address behind a name")]
    [TestCase("http://name/", "127.0.0.1", false, false)]
    [TestCase("http://name/", "::ffff:10.1.1.1", false, false)]
    [TestCase("http://name/", "10.1.1.1", true, true)]
    [TestCase("http://name/", "::1", true, true)]
    [TestCase("http://name/", "169.254.169.254", true, false)]
    [TestCase("http://name/", "224.0.0.1", true, false)]
    public void Private_addresses_are_reached_only_where_the_URL_names_them_or_the_options_allow_it(
        string url, string address, bool allowPrivate, bool reached)
    {
        var service = new ServiceAddress(url, allowPrivate);
        TestDelegate check = () => service.Check(IPAddress.Parse(address));
        if (reached)
        {
            Assert.That(check, Throws.Nothing);
        }
        else
        {
            Assert.That(check, Throws.TypeOf<ServiceFault>().With.Property("Kind").EqualTo(ServiceFaultKind.Configuration));
        }
    }

    [TestCase("ftp://host/", "http:// or https://")]
    [TestCase("file:///etc/passwd", "http:// or https://")]
    [TestCase("host/score", "http:// or https://")]
    [TestCase("", "http:// or https://")]
    [TestCase("http://", "http:// or https://")]
    [TestCase("http://me:secret@host/", "Credentials and fragments")]
    [TestCase("http://host/#part", "Credentials and fragments")]
    public void A_URL_that_is_none_is_refused_and_its_password_not_repeated(string url, string says) => Assert.That(
        () => new HttpRewardOptions { Url = url }.Validate(),
        Throws.ArgumentException.With.Message.Contains(says).And.Message.Not.Contains("secret").And.Property("ParamName").EqualTo("url"));
}
