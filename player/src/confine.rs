//! What a process that opens a foreign file may still do: read that file and the system's libraries, write what GStreamer
//! remembers of its plugins, and use so much memory, time and disk. A decoder that a file has taken over finds no key, no
//! database, no socket.
//!
//! Everything is given up before GStreamer starts, hence before there is a second thread, and cannot be had back. Files and the
//! network are held by Landlock as far as the kernel knows it (files from 5.13 on, TCP from 6.7 on), sockets of every kind by seccomp.

use landlock::{
    ABI, Access, AccessFs, AccessNet, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, Scope,
    path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What it may use, each a hard limit: address space (a 4K film needs less than half), seconds of all processors, longest file
/// it may write (the list of plugins), open files, and no core dump of what a stranger sent.
const LIMITS: [(Resource, u64); 5] = [
    (Resource::As, 2 << 30),
    (Resource::Cpu, 120),
    (Resource::Fsize, 16 << 20),
    (Resource::Nofile, 256),
    (Resource::Core, 0),
];

/// Programs, libraries, the loader's list of them, what the processor can do.
const READ: [&str; 10] = [
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/proc",
    "/sys",
    "/dev/urandom",
    "/nix/store",
];

/// Devices of hardware decoders, by how their names begin, and where words go.
const DEVICES: [&str; 5] = ["dri", "video", "media", "null", "zero"];

/// Making a film anew takes more time, and writes it: the file it writes is open before anything is given up.
pub(crate) const RENDER: [(Resource, u64); 5] = [
    (Resource::As, 3 << 30),
    (Resource::Cpu, 1_800),
    (Resource::Fsize, 1 << 30),
    (Resource::Nofile, 256),
    (Resource::Core, 0),
];

/// Gives up everything that looking at `file` does not need. The error says what the system refused.
pub(crate) fn confine(file: &Path) -> Result<(), String> {
    confine_for(file, LIMITS)
}

/// The same within other limits.
pub(crate) fn confine_for(file: &Path, limits: [(Resource, u64); 5]) -> Result<(), String> {
    for (resource, most) in limits {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|e| format!("{resource:?} = {most}: {e}"))?;
    }
    files(file).map_err(|e| e.to_string())?; // a kernel without Landlock leaves the files to the service manager
    no_sockets().map_err(|e| e.to_string())
}

/// Reads the file and the system, writes GStreamer's own memory, and connects to nothing.
fn files(file: &Path) -> Result<RestrictionStatus, landlock::RulesetError> {
    const KNOWN: ABI = ABI::V6; // what this kernel does not know is left out
    let (all, read) = (AccessFs::from_all(KNOWN), AccessFs::from_read(KNOWN));
    let remembered = cache().inspect(|dir| drop(std::fs::create_dir_all(dir)));
    Ruleset::default()
        .handle_access(all)?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?
        .add_rules(path_beneath_rules(READ.map(Path::new), read))?
        .add_rules(path_beneath_rules(plugin_places(), read))?
        .add_rules(path_beneath_rules([file], AccessFs::ReadFile))?
        .add_rules(path_beneath_rules(devices(), AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev))?
        .add_rules(path_beneath_rules(remembered, all))?
        .restrict_self()
}

/// Where GStreamer keeps its list of plugins.
fn cache() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let dir = of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")))?;
    Some(dir.join("gstreamer-1.0"))
}

/// Where the environment says that plugins and libraries lie.
fn plugin_places() -> Vec<PathBuf> {
    let named = std::env::vars_os().filter(|(name, _)| {
        name == "LD_LIBRARY_PATH" || name.to_str().is_some_and(|n| n.starts_with("GST_") && n.contains("PATH"))
    });
    named.flat_map(|(_, places)| std::env::split_paths(&places).collect::<Vec<_>>()).collect()
}

fn devices() -> Vec<PathBuf> {
    let is_one = |name: &OsStr| name.to_str().is_some_and(|n| DEVICES.iter().any(|begin| n.starts_with(begin)));
    let all = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    all.filter(|entry| is_one(&entry.file_name())).map(|entry| entry.path()).collect()
}

/// Sockets of every kind are refused, and what looks into other processes or goes around this.
fn no_sockets() -> Result<(), seccompiler::Error> {
    let Ok(machine) = std::env::consts::ARCH.try_into() else { return Ok(()) }; // 32-bit boxes: Landlock alone
    let refused = [libc::SYS_socket, libc::SYS_ptrace, libc::SYS_process_vm_writev, libc::SYS_io_uring_setup];
    let rules = refused.map(|call| (call, Vec::new())).into_iter().collect();
    let errno = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter: BpfProgram = SeccompFilter::new(rules, SeccompAction::Allow, errno, machine)?.try_into()?;
    seccompiler::apply_filter(&filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{read, write};
    use std::net::{TcpListener, TcpStream, UdpSocket};

    /// Tells the second process of the test below that it is the one to be confined.
    const INSIDE: &str = "LICHPHAT_CONFINED";

    #[test]
    fn whoever_took_the_probe_over_reads_one_file_writes_none_and_calls_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let (clip, key) = (dir.path().join("clip"), dir.path().join("key"));
        if let Some(dir) = std::env::var_os(INSIDE) {
            return inside(Path::new(&dir));
        }
        write(&clip, b"frames").unwrap();
        write(&key, b"secret").unwrap();
        let door = TcpListener::bind("127.0.0.1:0").unwrap();
        write(dir.path().join("door"), door.local_addr().unwrap().to_string()).unwrap();
        // limits hold the whole process, so it is another one
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "confine::tests::whoever_took_the_probe_over_reads_one_file_writes_none_and_calls_nobody";
        let output = again.args(["--exact", name, "--nocapture"]).env(INSIDE, dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(!dir.path().join("planted").exists());
    }

    fn inside(dir: &Path) {
        let door = std::fs::read_to_string(dir.join("door")).unwrap();
        confine(&dir.join("clip")).unwrap();
        assert_eq!(read(dir.join("clip")).unwrap(), b"frames");
        let known = files(&dir.join("clip")).unwrap().ruleset != landlock::RulesetStatus::NotEnforced;
        assert_eq!(read(dir.join("key")).is_err(), known, "a kernel without Landlock alone leaves files open");
        assert_eq!(read("/etc/passwd").is_err(), known);
        assert_eq!(write(dir.join("clip"), b"others").is_err(), known);
        if known {
            assert!(write(dir.join("planted"), b"x").is_err());
        }
        assert!(TcpStream::connect(door).is_err() && UdpSocket::bind("127.0.0.1:0").is_err());
        assert!(std::os::unix::net::UnixDatagram::unbound().is_err());
        let mut kept = Vec::<u8>::new();
        assert!(kept.try_reserve_exact(3 << 30).is_err(), "memory without end");
        assert!(setrlimit(Resource::As, Rlimit { current: None, maximum: None }).is_err() || is_root());
    }

    fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }
}
