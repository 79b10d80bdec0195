using System.Text;
using Torc.Server.Settings;
using Torc.Tests.House;

namespace Torc.Tests.Server.Settings;

/// <summary>The page of settings is written from their table: set TORC_REWRITE_GOLDEN=1 to write it anew.</summary>
public sealed class SettingsPageTests
{
    [Fact]
    public void The_page_says_what_the_table_says()
    {
        string path = Path.Combine(Repository.Root, "docs", "operations", "settings.md");
        string page = Page();
        if (Environment.GetEnvironmentVariable("TORC_REWRITE_GOLDEN") == "1")
            File.WriteAllText(path, page);
        File.ReadAllText(path).ShouldBe(page);
    }

    private static string Page()
    {
        var page = new StringBuilder();
        page.Append(
            """
            # Settings of a node

            Each setting can be given as an option (`--peer-port 7379`), as an environment variable (`TORC_PEER_PORT=7379`) and as a line of the
            file that `--config` or `TORC_CONFIG` names (`peer-port = 7379`; `#` begins a comment). An option counts before a variable, a variable
            before the file, the file before the default. Sizes take `kb`, `mb`, `gb` (powers of 1,024). `CONFIG GET` shows them under the same names.
            A mistake stops the start with one line that names the setting, the place where it was written, and what to do.

            """);
        foreach (IGrouping<string, Setting> group in SettingTable.All.GroupBy(static setting => setting.Group))
        {
            page.Append($"\n## {group.Key}\n\n| setting | default | range | meaning |\n| --- | --- | --- | --- |\n");
            foreach (Setting setting in group)
                page.Append($"| `{setting.Name}` | {Code(setting.Default)} | {setting.Range.Replace("|", "\\|")} | {setting.Meaning} |\n");
        }
        return page.ToString();
    }

    private static string Code(string text) => text.Length == 0 ? "" : $"`{text}`";
}
