//! The guide *First steps*, walked: its commands are pasted into a shell one block after the other, on a machine that has the built
//! programs and nothing else, and what it says comes of them.

use super::common::{ROOT, Serve, player};
use super::first_day::until;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The commands of one of its blocks.
type Block = String;

/// What stands in its blocks of commands, in that language.
fn blocks(lang: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(format!("docs/guide/{lang}/start.md"))).unwrap();
    let begun = text.split("```console\n").skip(1);
    begun.map(|rest| rest.split_once("\n```").unwrap().0.to_owned()).collect()
}

/// A folder like that of the sources, with programs that are told what a machine without display, and with other servers on it, has to say.
struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = |name: &str| dir.path().join(name);
        std::os::unix::fs::symlink(Path::new(ROOT).join("config"), place("config")).unwrap();
        // all three at once, so that they are three
        let free = [0; 3].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let [people, players, pairing] = free.map(|door| door.local_addr().unwrap().to_string());
        let settings = format!("listen = '{people}'\n[players]\nlisten = '{players}'\npairing = '{pairing}'\n");
        std::fs::write(place("doors.toml"), settings).unwrap();
        let programs = place("target/release");
        std::fs::create_dir_all(&programs).unwrap();
        for (name, line) in [
            ("lichphat", format!("exec {} --config doors.toml --lang en \"$@\"", env!("CARGO_BIN_EXE_lichphat"))),
            ("lichphat-player", format!("exec {} \"$@\" --sink fake --audio fake", player().display())),
        ] {
            let program = programs.join(name);
            std::fs::write(&program, format!("#!/bin/sh\n{line}\n")).unwrap();
            let may = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(program, may).unwrap();
        }
        Self { dir }
    }

    fn shell(&self, block: &str) -> Command {
        let mut shell = Command::new("bash");
        // as typed: the first mistake ends it, and the shell becomes what it runs last
        let (before, last) = block.rsplit_once('\n').unwrap_or(("", block));
        let run = if last.starts_with("lichphat") { format!("{before}\nexec {last}") } else { block.to_owned() };
        shell.args(["-euo", "pipefail", "-c", &run]).current_dir(self.dir.path()).stdin(Stdio::null());
        let path = std::env::var("PATH").unwrap_or_default();
        shell
            .env("PATH", format!("{}:{path}", self.dir.path().join("target/release").display()))
            .env("RUST_LOG", "warn");
        shell.env("TZ", "UTC-7"); // `date` is Hà Nội's
        shell
    }

    /// Pastes a block that comes to an end.
    fn paste(&self, block: &str) -> String {
        let Output { status, stdout, stderr } = self.shell(block).output().unwrap();
        let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{block}\n{said}");
        said
    }

    /// Pastes a block whose last command goes on; its words go into a file.
    fn start(&self, block: &str, file: &str) -> Command {
        let mut shell = self.shell(block);
        let words = std::fs::File::create(self.dir.path().join(file)).unwrap();
        shell.stdout(words.try_clone().unwrap()).stderr(words);
        shell
    }

    fn said(&self, file: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(file)).unwrap()
    }
}

/// A running player; killed when the story fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_first_steps_of_the_guide_lead_to_a_screen_that_is_registered_and_an_order_that_is_planned() {
    let all = blocks("en");
    assert_eq!(all, blocks("vi"), "both languages have the same commands");
    let [program, data, today, people, screen, accounts, evening] = all.as_slice() else {
        panic!("{} blocks of commands", all.len())
    };
    assert!(program.starts_with("sudo apt install git make\ngit clone") && program.contains("\nmake demo ONCE=1\n"));

    let folder = Folder::new();
    let said = folder.paste(data);
    assert!(said.contains("units.toml") && said.contains("screens.csv"), "{said}");
    let said = folder.paste(today);
    // in the evening an office's screen has no room left today, and that is said
    assert!(said.contains("2 screens targeted: "), "{said}");

    let data_of = super::common::TestData::at(folder.dir.path().join("var/lichphat"));
    let server = folder.start(people, "server.log");
    let mut server = Serve::logging_to(server, &folder.dir.path().join("server.log"), &data_of);
    assert!(folder.said("server.log").contains("One-time code, good for 1 hour"), "{}", folder.said("server.log"));

    let mut player = Running(folder.start(screen, "player.log").spawn().unwrap());
    let word = "lichphat-player: registered as device 1 at screen P00004-02";
    until("the player says that it is registered", || folder.said("player.log").contains(word).then_some(()));
    let stop = Command::new("kill").arg(player.0.id().to_string()).status().unwrap();
    assert!(stop.success() && player.0.wait().unwrap().success(), "{}", folder.said("player.log"));

    let nowhere = folder.shell("lichphat-player run --state doors.toml/x").output().unwrap();
    let said = String::from_utf8_lossy(&nowhere.stderr);
    assert!(
        nowhere.status.code() == Some(2) && said.contains("doors.toml/x: ") && said.contains("--state DIR"),
        "{said}"
    );

    let said = folder.paste(accounts);
    assert_eq!(said.matches("One-time code, good for 3 days").count(), 4, "{said}");
    let said = folder.paste(evening);
    assert!(said.contains("No day on duty is over yet") && said.contains("0 disagreements"), "{said}");
    server.stop();
}
