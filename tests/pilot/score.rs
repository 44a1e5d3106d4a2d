//! What should have happened, and what did: a line an event.

use std::fmt::Write as _;

#[derive(Debug, Clone)]
struct Line {
    event: String,
    should: String,
    did: String,
    shown_by: &'static str,
    holds: bool,
}

/// The list.
#[derive(Debug, Default)]
pub(crate) struct Score(Vec<Line>);

impl Score {
    /// One event; `shown_by` is the command or page that says so.
    #[allow(clippy::needless_pass_by_value, reason = "a call reads as what should be and what was")]
    pub(crate) fn line<T: PartialEq + std::fmt::Debug>(
        &mut self,
        event: &str,
        shown_by: &'static str,
        should: T,
        did: T,
    ) {
        self.told(event, shown_by, &format!("{should:?}"), &format!("{did:?}"), should == did);
    }

    /// The same in words of the story's own.
    pub(crate) fn told(&mut self, event: &str, shown_by: &'static str, should: &str, did: &str, holds: bool) {
        println!("{} {event}: {did}", if holds { "ok " } else { "RED" });
        let own = |text: &str| text.to_owned();
        self.0.push(Line { event: own(event), should: own(should), did: own(did), shown_by, holds });
    }

    pub(crate) fn red(&self) -> Vec<String> {
        self.0.iter().filter(|l| !l.holds).map(|l| format!("{}: {} and not {}", l.event, l.did, l.should)).collect()
    }

    fn text(&self) -> String {
        let mut out = "| | event | should be | was | shown by |\n| --- | --- | --- | --- | --- |\n".to_owned();
        for Line { event, should, did, shown_by, holds } in &self.0 {
            writeln!(out, "| {} | {event} | {should} | {did} | {shown_by} |", if *holds { "ok" } else { "RED" })
                .unwrap();
        }
        out
    }

    pub(crate) fn print(&self) {
        println!("\n{}\n{} lines, {} red", self.text(), self.0.len(), self.red().len());
    }

    /// As an artefact.
    pub(crate) fn keep(&self, days: u32) {
        std::fs::write(dir(days).join("score.md"), self.text()).unwrap();
    }
}

/// Where a story of so many days leaves what people look at afterwards.
pub(crate) fn dir(days: u32) -> std::path::PathBuf {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("../pilot/{days}-days"));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
