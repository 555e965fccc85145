//! Findings in words, for a terminal: the sentences of the screens.

use shared::health::{Finding, Grade, HealthReport};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static ENGLISH: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let text = include_str!("../../../ui/src/words/en.json");
    serde_json::from_str(text).expect("a test reads the sentences")
});

/// Returns a report as lines.
pub(super) fn lines(report: &HealthReport) -> String {
    let mut lines: Vec<String> = report.findings.iter().flat_map(said).collect();
    lines.push(format!(
        "{} as of {}, version {}",
        grade(report.grade()),
        report.at,
        report.program
    ));
    lines.join("\n")
}

fn said(finding: &Finding) -> Vec<String> {
    let word = grade(finding.grade);
    let mut lines = vec![format!("{word:<10}  {}", sentence(finding, ""))];
    let indented = |text: String| format!("{:<10}  {text}", "");
    if !finding.desks.is_empty() {
        let names = finding.desks.iter();
        let names: Vec<String> = names
            .map(|desk| format!("{} (no. {})", desk.name, desk.number))
            .collect();
        lines.push(indented(names.join(", ")));
    }
    if finding.grade != Grade::Ok {
        lines.push(indented(sentence(finding, "_do")));
    }
    lines
}

/// Returns the sentence of a finding, or with `_do` the one that says what to do.
fn sentence(finding: &Finding, which: &str) -> String {
    let code = format!("problem.{}{which}", finding.said.code);
    let Some(sentence) = ENGLISH.get(&code) else {
        return finding.said.code.clone();
    };
    let blanks = finding.said.with.iter();
    blanks.fold(sentence.clone(), |text, (name, value)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    })
}

fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Ok => "ok",
        Grade::Look => "look at it",
        Grade::Broken => "broken",
    }
}
