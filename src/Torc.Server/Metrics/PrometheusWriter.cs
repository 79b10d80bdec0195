using System.Globalization;
using System.Text;

namespace Torc.Server.Metrics;

/// <summary>The type of a metric family, as Prometheus names it.</summary>
public enum MetricType { Counter, Gauge, Histogram }

/// <summary>
/// Writes the Prometheus text exposition format, version 0.0.4: each family once, its HELP and TYPE lines before its
/// samples, label values escaped, numbers in the invariant culture, every line ended by a line feed.
/// </summary>
public sealed class PrometheusWriter
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";
    private readonly StringBuilder _text = new(16 * 1024);
    private readonly HashSet<string> _families = new(StringComparer.Ordinal);
    private string _family = "";

    public override string ToString() => _text.ToString();

    /// <summary>Begins a family; the samples that follow belong to it.</summary>
    public PrometheusWriter Family(string name, MetricType type, string help)
    {
        Base.Check.That(_families.Add(name));
        _family = name;
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type switch
        {
            MetricType.Counter => "counter",
            MetricType.Gauge => "gauge",
            _ => "histogram",
        }).Append('\n');
        return this;
    }

    public PrometheusWriter Sample(double value, params ReadOnlySpan<(string Label, string Value)> labels) => Line("", value, labels, null);

    /// <summary>A family of one sample without labels.</summary>
    public PrometheusWriter Single(string name, MetricType type, string help, double value) => Family(name, type, help).Sample(value);

    /// <summary>The buckets (cumulative), sum and count of one histogram of the family.</summary>
    public PrometheusWriter Histogram(LatencyHistogram histogram, params ReadOnlySpan<(string Label, string Value)> labels)
    {
        long cumulative = 0;
        ReadOnlySpan<long> bounds = LatencyHistogram.BoundsMicros;
        for (int bucket = 0; bucket < bounds.Length; bucket++)
        {
            cumulative += histogram.CountOf(bucket);
            Line("_bucket", cumulative, labels, Number(bounds[bucket] / 1e6));
        }
        cumulative += histogram.CountOf(bounds.Length);
        Line("_bucket", cumulative, labels, "+Inf");
        Line("_sum", histogram.SumMicros / 1e6, labels, null);
        return Line("_count", cumulative, labels, null);
    }

    /// <summary>A histogram whose bucket i counts durations below 2^i microseconds; every second bucket is written, which is enough to see.</summary>
    internal PrometheusWriter Powers(int buckets, Func<int, long> countOf, long sumMicros, params ReadOnlySpan<(string Label, string Value)> labels)
    {
        const int firstShown = 5;
        long cumulative = 0;
        for (int bucket = 0; bucket < buckets; bucket++)
        {
            cumulative += countOf(bucket);
            if (bucket >= firstShown && bucket % 2 == 1 && bucket < buckets - 1)
                Line("_bucket", cumulative, labels, Number((1L << bucket) / 1e6));
        }
        Line("_bucket", cumulative, labels, "+Inf");
        Line("_sum", sumMicros / 1e6, labels, null);
        return Line("_count", cumulative, labels, null);
    }

    private static string Number(double value) => value.ToString("0.##########", CultureInfo.InvariantCulture);

    private PrometheusWriter Line(string suffix, double value, ReadOnlySpan<(string Label, string Value)> labels, string? upperBound)
    {
        _text.Append(_family).Append(suffix);
        char separator = '{';
        foreach ((string label, string text) in labels)
        {
            Label(separator, label, text);
            separator = ',';
        }
        if (upperBound is not null)
        {
            Label(separator, "le", upperBound);
            separator = ',';
        }
        if (separator == ',')
            _text.Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
        return this;
    }

    private void Label(char separator, string label, string value)
    {
        _text.Append(separator).Append(label).Append("=\"");
        foreach (char letter in value)
        {
            _ = letter switch
            {
                '\\' => _text.Append("\\\\"),
                '"' => _text.Append("\\\""),
                '\n' => _text.Append("\\n"),
                _ => _text.Append(letter),
            };
        }
        _text.Append('"');
    }
}
