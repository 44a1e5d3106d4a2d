//! A panel's own line: what it says of itself over CEC or DDC/CI, and how it is switched.
//!
//! Both are slow (a question may take seconds), so only [`super::watch`] asks, on its own thread. A line that fails is kept
//! apart from one at whose end nobody is: either says nothing of the panel.

use super::cec::{CecLine, KernelCec};
use super::ddc::{DdcLine, KernelI2c};
use super::drm::connectors;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a panel says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is on and, as far as its line can tell, shows what we send.
    Ours,
    /// It is on; whose picture it shows is not known.
    On,
    /// It is on and shows another source: nobody sees ours.
    Elsewhere,
    /// It is in standby, off, or on its way there.
    Off,
    /// Nobody is at the other end of the line.
    NoPeer,
    /// The line is there and failed, or what came makes no sense.
    Error(String),
}

impl Answer {
    /// Is it known that nobody sees our picture?
    pub fn is_dark(&self) -> bool {
        matches!(self, Self::Off | Self::Elsewhere)
    }
    /// Of several answers dark comes first, then the one that knows most; what says nothing comes last.
    fn rank(&self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Elsewhere => 1,
            Self::Ours => 2,
            Self::On => 3,
            Self::Error(_) => 4,
            Self::NoPeer => 5,
        }
    }
}

/// A way to ask and to switch a panel.
pub trait Line: Send {
    /// Asks; may take seconds.
    fn ask(&mut self) -> Answer;
    /// Takes in what the panel said by itself; at once.
    fn listen(&mut self) {}
    /// Switches the panel on, and to our picture where the line can, or into standby.
    fn switch(&mut self, on: bool) -> Result<(), String>;
}

/// All lines of this machine, found anew at every question: cables are pulled and panels replaced.
pub struct Lines {
    dev: PathBuf,
    drm: PathBuf,
    /// A line that only looks takes no address on the CEC bus.
    join: bool,
    open: BTreeMap<String, Box<dyn Line>>,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("open", &self.open.keys()).finish_non_exhaustive()
    }
}

impl Lines {
    /// `dev` is `/dev`, `drm` is `/sys/class/drm`; `join` lets the machine introduce itself to the panel.
    pub fn new(dev: impl Into<PathBuf>, drm: impl Into<PathBuf>, join: bool) -> Self {
        Self { dev: dev.into(), drm: drm.into(), join, open: BTreeMap::new() }
    }

    /// Each line by name (`cec0`, `i2c-4`) with its answer.
    pub fn ask_each(&mut self) -> Vec<(String, Answer)> {
        let mut out = self.find();
        out.extend(self.open.iter_mut().map(|(name, line)| (name.clone(), line.ask())));
        out
    }

    fn names(&self) -> BTreeSet<String> {
        let panels = connectors(&self.drm).into_iter().filter(|c| c.status == "connected");
        let buses = panels.filter_map(|c| ddc_bus(&self.drm.join(c.name)));
        names_in(&self.dev, "cec").into_iter().chain(buses).collect()
    }

    /// Opens what is new and forgets what is gone; returns what cannot be opened.
    fn find(&mut self) -> Vec<(String, Answer)> {
        let names = self.names();
        self.open.retain(|name, _| names.contains(name));
        let mut failed = Vec::new();
        for name in names {
            if self.open.contains_key(&name) {
                continue;
            }
            match self.open_line(&name) {
                Ok(line) => _ = self.open.insert(name, line),
                Err(error) => failed.push((name, Answer::Error(error.to_string()))),
            }
        }
        failed
    }

    fn open_line(&self, name: &str) -> std::io::Result<Box<dyn Line>> {
        let path = self.dev.join(name);
        Ok(match name.starts_with("cec") {
            true => Box::new(CecLine::new(KernelCec::open(&path)?, self.join)),
            false => Box::new(DdcLine::new(KernelI2c::open(&path)?)),
        })
    }
}

impl Line for Lines {
    fn ask(&mut self) -> Answer {
        let answers = self.ask_each().into_iter().map(|(name, answer)| match answer {
            Answer::Error(error) => Answer::Error(format!("{name}: {error}")),
            answer => answer,
        });
        answers.min_by_key(Answer::rank).unwrap_or(Answer::NoPeer)
    }
    fn listen(&mut self) {
        let names = self.names();
        self.open.retain(|name, _| names.contains(name)); // one that comes back under its name is opened anew
        self.open.values_mut().for_each(|line| line.listen());
    }
    /// Done when one line did it.
    fn switch(&mut self, on: bool) -> Result<(), String> {
        let failed = |(name, answer)| match answer {
            Answer::Error(error) => format!("{name}: {error}"),
            answer => format!("{name}: {answer:?}"),
        };
        let mut why: Vec<String> = self.find().into_iter().map(failed).collect();
        let mut done = false;
        for (name, line) in &mut self.open {
            match line.switch(on) {
                Ok(()) => done = true,
                Err(error) => why.push(format!("{name}: {error}")),
            }
        }
        match (done, why.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => Err("the panel has neither CEC nor DDC/CI".to_owned()),
            (false, false) => Err(why.join("; ")),
        }
    }
}

fn names_in(dir: &Path, prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
    let numbered =
        |n: &String| n.strip_prefix(prefix).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    names.filter(numbered).collect()
}

/// The I2C bus of a connector's DDC: a link named `ddc`, or for DisplayPort a bus of its own below it.
fn ddc_bus(connector: &Path) -> Option<String> {
    let linked = std::fs::read_link(connector.join("ddc")).ok();
    let linked = linked.and_then(|bus| Some(bus.file_name()?.to_string_lossy().into_owned()));
    linked.filter(|name| name.starts_with("i2c-")).or_else(|| names_in(connector, "i2c-").pop())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_their_devices_and_one_that_cannot_be_opened_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let (dev, drm) = (dir.path().join("dev"), dir.path().join("drm"));
        for (name, status) in [("card0-HDMI-A-1", "connected"), ("card0-HDMI-A-2", "disconnected")] {
            std::fs::create_dir_all(drm.join(name)).unwrap();
            std::fs::write(drm.join(name).join("status"), status).unwrap();
        }
        std::os::unix::fs::symlink("../../i2c-4", drm.join("card0-HDMI-A-1/ddc")).unwrap();
        std::os::unix::fs::symlink("../../i2c-5", drm.join("card0-HDMI-A-2/ddc")).unwrap();
        std::fs::create_dir_all(&dev).unwrap();
        let mut lines = Lines::new(&dev, &drm, false);
        let asked = lines.ask_each();
        assert!(matches!(&asked[..], [(name, Answer::Error(_))] if name == "i2c-4"), "{asked:?}");
        std::fs::write(dev.join("cec0"), "").unwrap();
        std::fs::write(dev.join("cec-pin"), "").unwrap();
        let names: Vec<String> = lines.ask_each().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["cec0", "i2c-4"], "a plain file is no CEC adapter, and is tried");
        assert!(lines.switch(true).unwrap_err().contains("cec0"));
        assert_eq!(Lines::new(dir.path(), dir.path(), false).ask(), Answer::NoPeer);
    }
}
