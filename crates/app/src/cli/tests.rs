use super::*;
use clap::CommandFactory as _;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn global_flags_stand_anywhere() {
    for line in [
        "twinline --json --config a.toml status",
        "twinline status --json -c a.toml",
    ] {
        let cli = parse(line).unwrap();
        assert!(
            cli.json && cli.config == std::path::Path::new("a.toml"),
            "{line}"
        );
    }
}

#[test]
fn what_belongs_together_is_asked_for_together() {
    for line in [
        "twinline retry",
        "twinline retry KEY --connection a --cause b",
        "twinline retry --connection a",
        "twinline release",
        "twinline release KEY --field status",
        "twinline release KEY --take left",
        "twinline release KEY --field status --take top",
        "twinline link a SUP-1",
        "twinline link a SUP-1 b#2 --csv x.csv",
        "twinline link a --match summary",
        "twinline link a --review x.csv",
        "twinline link a --match summary --review x.csv --csv y.csv",
        "twinline link a SUP-1 b#2 --match summary --review x.csv",
        "twinline link a --csv x.csv --left-query q",
        "twinline link a --csv x.csv --force",
        "twinline unlink",
        "twinline plan --max 0",
        "twinline sim gitlab",
        "twinline fleet",
        "twinline fleet drain",
        "twinline fleet drain m1 --no-wait --within 5",
        "twinline fleet move acme-jira",
        "twinline fleet restart --parallel 0",
        "twinline fleet restart --role watch",
        "twinline change plan it",
        "twinline change plan it --element hots:m1",
        "twinline change gate",
        "twinline change verify 3 --within 5",
        "twinline change abort 3",
        "twinline node",
        "twinline node add --tracker gitlab",
        "twinline node add --secret-file token",
        "twinline node add --webhook-secret a.hook --poll",
        "twinline node check",
    ] {
        assert_eq!(
            parse(line).unwrap_err().exit_code(),
            crate::exit::USAGE,
            "{line}"
        );
    }
    for line in [
        "twinline retry KEY",
        "twinline retry --connection a --cause b",
        "twinline release acme-support",
        "twinline release KEY --field status --take left",
        "twinline link a SUP-1 b#2",
        "twinline link a --csv x.csv",
        "twinline link a --match summary,status --review x.csv",
        "twinline link a --match summary --review x.csv --force --left-query q --right-query r",
        "twinline history KEY --before g1~34",
        "twinline audit --before 34",
        "twinline sim jira-cloud --port 4020 --faults demo",
        "twinline up --fleet --json",
        "twinline fleet status --json",
        "twinline fleet restart --role edge --parallel 2",
        "twinline change plan it --element host:m1 --from 2026-12-05T22:00:00Z --minutes 5",
        "twinline change gate host:m1 database:central --json",
        "twinline node add --tracker redmine --secret-env key=KEY --scope project=app",
        "twinline node describe acme-jira --scope project=SUP --scope type=Bug",
    ] {
        parse(line).unwrap();
    }
}

#[test]
fn every_visible_command_says_what_it_does_and_shows_an_example() {
    let (cli, fleet) = (Cli::command(), "fleet ");
    let all = cli.get_subcommands().map(|command| ("", command));
    let of_fleet = cli.find_subcommand("fleet").unwrap().get_subcommands();
    let of_change = cli.find_subcommand("change").unwrap().get_subcommands();
    let all = all.chain(of_fleet.map(|command| (fleet, command)));
    let of_node = cli.find_subcommand("node").unwrap().get_subcommands();
    let all = all.chain(of_change.map(|command| ("change ", command)));
    let all = all.chain(of_node.map(|command| ("node ", command)));
    for (under, command) in all.filter(|(_, command)| !command.is_hide_set()) {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        let after = command.get_after_help().map(ToString::to_string);
        let after = after.unwrap_or_default();
        let shown = format!("  twinline {under}{}", command.get_name());
        assert!(
            after.contains(&shown) || after.contains(&format!("Example:{}", &shown[1..])),
            "{}: {after}",
            command.get_name()
        );
    }
}
