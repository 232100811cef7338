//! The program: reports and exit codes begin here and end here.

use std::process::ExitCode;

use clap::Parser as _;
use color_eyre::eyre;
use midwatch::cli::Cli;

fn main() -> eyre::Result<ExitCode> {
    let cli = Cli::parse();
    // Without colours: a report is also read in files and mails.
    let theme = color_eyre::config::Theme::new();
    color_eyre::config::HookBuilder::default().theme(theme).display_env_section(false).install()?;
    Ok(cli.run())
}
