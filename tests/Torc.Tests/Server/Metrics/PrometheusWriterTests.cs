using Torc.Server.Metrics;

namespace Torc.Tests.Server.Metrics;

public sealed class PrometheusWriterTests
{
    [Fact]
    public void Families_samples_and_escapes_follow_the_text_format()
    {
        string text = new PrometheusWriter()
            .Family("torc_commands_total", MetricType.Counter, "Commands, by name.")
            .Sample(3, ("command", "get"), ("outcome", "ok"))
            .Sample(1, ("command", "a\"b\\c\nd"))
            .Single("torc_keys", MetricType.Gauge, "Live keys.", 12_345_678_901)
            .ToString();
        text.ShouldBe(
            "# HELP torc_commands_total Commands, by name.\n# TYPE torc_commands_total counter\n"
            + "torc_commands_total{command=\"get\",outcome=\"ok\"} 3\n"
            + "torc_commands_total{command=\"a\\\"b\\\\c\\nd\"} 1\n"
            + "# HELP torc_keys Live keys.\n# TYPE torc_keys gauge\ntorc_keys 12345678901\n");
    }

    [Fact]
    public void A_histogram_is_cumulative_and_ends_with_everything()
    {
        var histogram = new LatencyHistogram();
        foreach (long micros in new long[] { 50, 51, 1_000, 99_000_000 })
            histogram.Add(micros);
        string[] lines = new PrometheusWriter().Family("torc_seconds", MetricType.Histogram, "h").Histogram(histogram, ("command", "get"))
            .ToString().Split('\n');
        lines.ShouldContain("torc_seconds_bucket{command=\"get\",le=\"0.00005\"} 1");
        lines.ShouldContain("torc_seconds_bucket{command=\"get\",le=\"0.0001\"} 2");
        lines.ShouldContain("torc_seconds_bucket{command=\"get\",le=\"0.001\"} 3");
        lines.ShouldContain("torc_seconds_bucket{command=\"get\",le=\"10\"} 3");
        lines.ShouldContain("torc_seconds_bucket{command=\"get\",le=\"+Inf\"} 4");
        lines.ShouldContain("torc_seconds_sum{command=\"get\"} 99.001101");
        lines.ShouldContain("torc_seconds_count{command=\"get\"} 4");
    }
}
