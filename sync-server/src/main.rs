//! The hub's program.

use clap::Parser;
use sync_server::cli::Cli;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Cli::parse().run().await
}
