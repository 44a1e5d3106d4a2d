//! The box as its kernel tells of it: heat, disk, memory, age. What it does not tell is absent, never made up.

use lichphat_playlists::wire::health::Room;
use std::path::{Path, PathBuf};

/// A sensor beyond these is not connected or broken, thousandths of a degree Celsius; so is one that says exactly 0.
const PLAUSIBLE_MC: std::ops::Range<i32> = -40_000..150_000;

/// Reads `sys` and `proc` below a root.
#[derive(Debug, Clone)]
pub struct Machine {
    root: PathBuf,
    state: PathBuf,
}

impl Machine {
    /// `root` is `/` on a real machine; `state` is the directory of media and journal.
    pub fn new(root: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), state: state.into() }
    }

    /// The hottest sensor, thousandths of a degree Celsius (Documentation/ABI/testing/sysfs-class-thermal and -hwmon).
    pub fn temperature_mc(&self) -> Option<i32> {
        let thermal = files(&self.root.join("sys/class/thermal"), "thermal_zone", |name| name == "temp");
        let hwmon = |name: &str| name.starts_with("temp") && name.ends_with("_input");
        let hwmon = files(&self.root.join("sys/class/hwmon"), "hwmon", hwmon);
        let read = |path: &PathBuf| std::fs::read_to_string(path).ok()?.trim().parse::<i32>().ok();
        thermal.iter().chain(&hwmon).filter_map(read).filter(|mc| *mc != 0 && PLAUSIBLE_MC.contains(mc)).max()
    }

    /// The disk of the state directory.
    pub fn disk(&self) -> Option<Room> {
        let stat = rustix::fs::statvfs(&self.state).ok()?;
        Some(Room { free_bytes: stat.f_bavail * stat.f_frsize, total_bytes: stat.f_blocks * stat.f_frsize })
    }

    /// Working memory of the machine; what the kernel would give up for others counts as free.
    pub fn memory(&self) -> Option<Room> {
        let (free, total) = (self.kib("proc/meminfo", "MemAvailable")?, self.kib("proc/meminfo", "MemTotal")?);
        Some(Room { free_bytes: free << 10, total_bytes: total << 10 })
    }

    /// Resident set of this process, bytes.
    pub fn player_memory_bytes(&self) -> Option<u64> {
        self.kib("proc/self/status", "VmRSS").map(|kib| kib << 10)
    }

    /// Seconds since it was switched on.
    pub fn uptime_s(&self) -> Option<u64> {
        self.text("proc/uptime")?.split(['.', ' ']).next()?.parse().ok()
    }

    /// Release of its kernel.
    pub fn kernel(&self) -> Option<String> {
        self.text("proc/sys/kernel/osrelease").map(|release| release.trim().to_owned())
    }

    fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }

    /// `Name:   123 kB` of a file of proc.
    fn kib(&self, path: &str, name: &str) -> Option<u64> {
        let text = self.text(path)?;
        let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        rest.trim().strip_suffix("kB")?.trim().parse().ok()
    }
}

/// Files with such names in the directories below `dir` that begin with `class`.
fn files(dir: &Path, class: &str, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten().collect::<Vec<_>>();
    let named = |entry: &std::fs::DirEntry, is: &dyn Fn(&str) -> bool| entry.file_name().to_str().is_some_and(is);
    let devices = entries(dir).into_iter().filter(|entry| named(entry, &|name| name.starts_with(class)));
    devices.flat_map(|device| entries(&device.path())).filter(|e| named(e, &wanted)).map(|e| e.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_tells_what_its_kernel_tells_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path(), dir.path());
        let told = |m: &Machine| (m.temperature_mc(), m.memory(), m.player_memory_bytes(), m.uptime_s(), m.kernel());
        assert_eq!(told(&machine), (None, None, None, None, None), "an empty tree: nothing is made up");
        let set = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        set("sys/class/thermal/thermal_zone0/temp", "0\n");
        set("sys/class/thermal/thermal_zone1/temp", "-274000\n");
        set("sys/class/thermal/cooling_device0/temp", "99000\n");
        assert_eq!(
            machine.temperature_mc(),
            None,
            "a sensor that is not connected, one that is broken, one that is none"
        );
        set("sys/class/thermal/thermal_zone2/temp", "48312\n");
        set("sys/class/hwmon/hwmon0/temp1_input", "61000\n");
        set("sys/class/hwmon/hwmon0/temp1_crit", "105000\n");
        set("sys/class/hwmon/hwmon1/fan1_input", "1200\n");
        set("proc/meminfo", "MemTotal:        2000 kB\nMemFree:  10 kB\nMemAvailable:     500 kB\n");
        set("proc/self/status", "Name:\tplayer\nVmRSS:\t  120 kB\n");
        set("proc/uptime", "93784.12 180000.00\n");
        set("proc/sys/kernel/osrelease", "6.1.0-32-arm64\n");
        let memory = Room { free_bytes: 500 << 10, total_bytes: 2000 << 10 };
        let kernel = Some("6.1.0-32-arm64".to_owned());
        assert_eq!(told(&machine), (Some(61_000), Some(memory), Some(120 << 10), Some(93_784), kernel));
        assert!(machine.disk().is_some_and(|disk| disk.free_bytes <= disk.total_bytes && disk.total_bytes > 0));
        assert_eq!(Machine::new("/", dir.path().join("nowhere")).disk(), None);
    }
}
