//! How the program was started.

use std::path::PathBuf;

use clap::Parser;

/// The desk: one window on the ward's own copy of the record.
#[derive(Debug, Default, Parser)]
#[command(name = "wardbook", version)]
pub(crate) struct Settings {
    /// Directory of this desk: its copy of the record and its logs.
    #[arg(long, env = "WARDBOOK_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Folder for a file with this desk's secrets, in place of the operating system's keychain. Weaker: only for tests and
    /// computers without a keychain.
    #[arg(long, env = "WARDBOOK_KEYCHAIN", value_name = "DIR")]
    pub(crate) keychain: Option<PathBuf>,
    /// Address of the hub, such as https://wardbook.example-hospital.org, in place of the one given at enrolment.
    #[arg(long, env = "WARDBOOK_HUB", value_name = "URL")]
    pub(crate) hub: Option<String>,
    /// File that holds a one-time code to enrol this desk with, without asking anybody; not used by a desk that is enrolled.
    #[arg(long, value_name = "FILE", requires = "hub")]
    pub(crate) enrol: Option<PathBuf>,
    /// Name of this desk in the hospital's list of devices.
    #[arg(long, default_value = "Desk")]
    pub(crate) name: String,
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use clap::Parser;

    fn parse(text: &str) -> Option<Settings> {
        Settings::try_parse_from(text.split(' ')).ok()
    }

    #[test]
    fn a_code_needs_a_hub_to_go_to() {
        assert!(parse("wardbook --enrol code.txt").is_none());
        assert!(parse("wardbook --enrol code.txt --hub http://127.0.0.1:4600").is_some());
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        assert!(parse("wardbook --dta /tmp").is_none());
        assert_eq!(
            parse("wardbook --data /tmp/a").and_then(|s| s.data),
            Some("/tmp/a".into())
        );
    }
}
