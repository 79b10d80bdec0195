using System.Text.Json;
using System.Text.Json.Serialization;

namespace Torc.Benchmarks.Baselines;

/// <summary>The file that figures are compared with. Sorted by name, so that a new recording is a readable diff.</summary>
public sealed record Baseline(string Architecture, string Runtime, IReadOnlyList<Measurement> Measurements)
{
    public string ToJson() =>
        JsonSerializer.Serialize(this with { Measurements = [.. Measurements.OrderBy(static measured => measured.Name, StringComparer.Ordinal)] }, BaselineJson.Default.Baseline) + "\n";

    public static Baseline FromJson(string text) =>
        JsonSerializer.Deserialize(text, BaselineJson.Default.Baseline) ?? throw new JsonException("the baseline is empty");
}

/// <summary>The JSON of a baseline: camel case, generated serializers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(Baseline))]
internal sealed partial class BaselineJson : JsonSerializerContext;
