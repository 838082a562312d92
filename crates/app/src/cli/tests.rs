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
        "twinline --json --config a.toml check",
        "twinline check --json -c a.toml",
    ] {
        let cli = parse(line).unwrap();
        assert!(
            cli.json && cli.config == std::path::Path::new("a.toml"),
            "{line}"
        );
    }
}

#[test]
fn every_visible_command_says_what_it_does() {
    for command in Cli::command()
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        assert!(command.get_about().is_some(), "{}", command.get_name());
    }
}
