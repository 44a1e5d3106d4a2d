//! The box: state directory and disk, clock, panel.

use super::{Finding, Health, Said};
use crate::clock;
use crate::config::PlayerConfig;
use crate::display::drm::{Connector, Link, connectors};
use crate::display::line::{Answer, Lines};
use crate::machine::Machine;
use crate::stage::PictureSink;
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::time::HANOI;
use lichphat_playlists::wire::health::{FULL_DISK_BYTES, HOT_MC, LITTLE_DISK_BYTES, LITTLE_MEMORY_BYTES, Room};
use std::path::Path;

/// The state directory: there, ours, writable, with room.
pub(super) fn state(dir: &Path) -> Vec<Finding> {
    let shown = dir.display();
    if !dir.is_dir() {
        let said = Said::new(format!("chưa có thư mục {shown}"), format!("{shown} does not exist"));
        let mend = Said::new(
            "Chạy lichphat-player run một lần, hoặc chỉ đúng thư mục bằng --state.",
            "Run `lichphat-player run` once, or name the right directory with --state.",
        );
        return vec![Finding::ill("state", Health::Fault, said, mend)];
    }
    let probe = dir.join(".doctor");
    let written = std::fs::write(&probe, b"doctor").and_then(|()| std::fs::File::open(&probe)?.sync_all());
    let _ = std::fs::remove_file(&probe); // what could not be written is not there
    let mut findings = vec![match written {
        Ok(()) => Finding::ok("state", format!("{shown} ghi được"), format!("{shown} can be written")),
        Err(error) => Finding::ill(
            "state",
            Health::Fault,
            Said::new(format!("không ghi được vào {shown}: {error}"), format!("{shown} cannot be written: {error}")),
            Said::new(
                "Nếu chỉ đọc: khởi động lại máy, kiểm tra thẻ nhớ. Nếu không có quyền: chạy lệnh này bằng tài khoản của trình phát.",
                "Read-only: restart the box and check the card. No permission: run this as the player's own user.",
            ),
        ),
    }];
    let machine = Machine::new("/", dir);
    findings.extend(machine.disk().map(|disk| room(disk.free_bytes)));
    findings.extend(machine.temperature_mc().map(heat));
    findings.extend(machine.memory().map(memory));
    findings
}

fn heat(mc: i32) -> Finding {
    let degrees = format!("{:.0} °C", f64::from(mc) / 1000.0);
    if mc < HOT_MC {
        return Finding::ok("heat", degrees.clone(), degrees);
    }
    let mend = Said::new(
        "Lau bụi khe gió, để máy thoáng, che nắng.",
        "Clear the vents of dust, give the box air, keep the sun off it.",
    );
    let said = Said::new(format!("{degrees}: máy quá nóng"), format!("{degrees}: the box is too hot"));
    Finding::ill("heat", Health::Warning, said, mend)
}

fn memory(memory: Room) -> Finding {
    let mib = memory.free_bytes >> 20;
    let said = Said::new(format!("bộ nhớ còn {mib} MiB"), format!("{mib} MiB of memory left"));
    if memory.free_bytes >= LITTLE_MEMORY_BYTES {
        return Finding::ok("memory", said.vi, said.en);
    }
    let mend = Said::new(
        "Tắt chương trình khác trên máy này, hoặc thêm bộ nhớ.",
        "Stop what else runs on this box, or fit more memory.",
    );
    Finding::ill("memory", Health::Warning, said, mend)
}

fn room(free_bytes: u64) -> Finding {
    let gib = format!("{:.1}", free_bytes as f64 / f64::from(1 << 30));
    let said = Said::new(format!("còn trống {gib} GiB"), format!("{gib} GiB free"));
    let mend = Said::new(
        "Xoá bớt tệp không thuộc trình phát, hoặc thay thẻ nhớ lớn hơn.",
        "Remove files that are not the player's, or fit a larger card.",
    );
    match free_bytes {
        0..FULL_DISK_BYTES => Finding::ill("disk", Health::Fault, said, mend),
        FULL_DISK_BYTES..LITTLE_DISK_BYTES => Finding::ill("disk", Health::Warning, said, mend),
        _ => Finding::ok("disk", said.vi, said.en),
    }
}

/// The clock, and whether it survives a power cut.
pub(super) fn clock(rtc: &Path) -> Vec<Finding> {
    let (wall, state, error_ms) = clock::look();
    let now = wall.rfc3339(HANOI).get(..19).unwrap_or_default().replace('T', " ");
    let mend = Said::new(
        "Bật đồng bộ giờ: timedatectl set-ntp true, rồi kiểm tra mạng.",
        "Switch time synchronisation on: timedatectl set-ntp true, then check the network.",
    );
    let of_clock = match state {
        ClockState::Synced => Finding::ok(
            "clock",
            format!("{now}, đồng bộ, sai số dưới {error_ms} ms"),
            format!("{now}, synchronised, error below {error_ms} ms"),
        ),
        ClockState::Unset => Finding::ill(
            "clock",
            Health::Fault,
            Said::new(format!("{now}: chưa được đặt giờ"), format!("{now}: the clock was never set")),
            mend,
        ),
        _ => Finding::ill(
            "clock",
            Health::Warning,
            Said::new(
                format!("{now}, không có nguồn giờ nào xác nhận"),
                format!("{now}, no time service vouches for it"),
            ),
            mend,
        ),
    };
    let of_rtc = match clock::kept(rtc, wall) {
        Some(true) => Finding::ok("rtc", "có đồng hồ chạy pin, cùng giờ", "a battery-backed clock is there and agrees"),
        Some(false) => Finding::ill(
            "rtc",
            Health::Warning,
            Said::new(
                "đồng hồ chạy pin chỉ giờ khác: sau khi mất điện mà không có mạng, máy không biết giờ",
                "the battery-backed clock shows another time: after a power cut without network the box does not know the time",
            ),
            Said::new(
                "Khi giờ của máy đã đúng, chạy hwclock --systohc; lệch đúng 7 giờ thì chạy timedatectl set-local-rtc 0; vẫn lệch thì thay pin.",
                "Once the machine's time is right, run hwclock --systohc; where it is whole hours apart, timedatectl set-local-rtc 0; if it differs again, change the battery.",
            ),
        ),
        None => Finding::ill(
            "rtc",
            Health::Warning,
            Said::new(
                "không có đồng hồ chạy pin: sau khi mất điện mà không có mạng, máy không biết giờ",
                "no battery-backed clock: after a power cut without network the box does not know the time",
            ),
            Said::new("Lắp mô-đun RTC nếu nơi này hay mất mạng.", "Fit an RTC module where the network often fails."),
        ),
    };
    vec![of_clock, of_rtc]
}

/// The panel, as far as the connector tells.
pub(super) fn display(config: &PlayerConfig, root: &Path) -> Vec<Finding> {
    if matches!(config.sink, PictureSink::Fake | PictureSink::None) {
        return Vec::new();
    }
    let all = connectors(root);
    if all.is_empty() {
        let said = Said::new(
            "máy không cho biết gì về cổng hình: lượt phát chỉ được xác nhận ở mức D1",
            "this machine says nothing of its connectors: plays are vouched for at level D1 only",
        );
        return vec![Finding { said, ..Finding::ok("display", "", "") }];
    }
    if all.iter().all(|c| c.status == "disconnected") {
        return vec![Finding::ill(
            "display",
            Health::Fault,
            Said::new("không cổng hình nào có màn hình", "no panel at any connector"),
            Said::new(
                "Cắm lại cáp hình ở hai đầu, bật màn hình.",
                "Plug the cable in at both ends, switch the panel on.",
            ),
        )];
    }
    all.iter().filter(|c| c.status != "disconnected").map(|c| connector(c, config.link)).collect()
}

fn connector(c: &Connector, link: Link) -> Finding {
    let panel = c.panel().unwrap_or_else(|| "?".to_owned());
    let name = &c.name;
    if c.is_off() {
        return Finding::ill(
            "display",
            Health::Fault,
            Said::new(
                format!("{name} ({panel}): cổng đang tắt; lượt phát không được tính"),
                format!("{name} ({panel}): the connector is off; plays do not count"),
            ),
            Said::new(
                "Tắt chế độ tiết kiệm điện của màn hình và của hệ điều hành.",
                "Switch power saving off, at the panel and in the system.",
            ),
        );
    }
    let (vi, en) = match (link, c.edid_known()) {
        (Link::Direct, true) => ("mức D2", "level D2"),
        (Link::Direct, false) => {
            ("màn hình không tự giới thiệu (EDID): mức D1", "the panel does not say who it is (EDID): level D1")
        }
        _ => ("sau bộ chia hoặc bộ xử lý LED: mức D1", "behind a splitter or LED processor: level D1"),
    };
    Finding::ok("display", format!("{name} ({panel}): {vi}"), format!("{name} ({panel}): {en}"))
}

/// What the panel says of itself over its own lines; only on a cable of its own is it the panel that answers.
pub(super) fn panel(config: &PlayerConfig, dev: &Path, drm: &Path) -> Vec<Finding> {
    if matches!(config.sink, PictureSink::Fake | PictureSink::None) || config.link != Link::Direct {
        return Vec::new();
    }
    let asked = Lines::new(dev, drm, false).ask_each();
    if asked.is_empty() {
        let said = Said::new(
            "không có đường CEC hay DDC/CI: không lượt phát nào được xác nhận quá mức D2",
            "neither CEC nor DDC/CI: no play is vouched for beyond level D2",
        );
        return vec![Finding { said, ..Finding::ok("panel", "", "") }];
    }
    asked.iter().map(|(name, answer)| line(name, answer)).collect()
}

fn line(name: &str, answer: &Answer) -> Finding {
    let (health, vi, en, mend_vi, mend_en) = match answer {
        Answer::Ours => {
            return Finding::ok("panel", format!("{name}: đang bật (mức D3)"), format!("{name}: on (level D3)"));
        }
        Answer::On => {
            let vi = format!("{name}: đang bật; chưa rõ đang hiện nguồn nào (mức D2)");
            return Finding::ok("panel", vi, format!("{name}: on; whose picture it shows is not known (level D2)"));
        }
        Answer::Elsewhere => (
            Health::Fault,
            "đang hiện nguồn khác; lượt phát không được tính".to_owned(),
            "shows another source; plays do not count".to_owned(),
            "Dùng điều khiển chọn lại cổng vào của máy này.",
            "Select this box's input with the remote control.",
        ),
        Answer::Off => (
            Health::Fault,
            "màn hình đang tắt hoặc ở chế độ chờ; lượt phát không được tính".to_owned(),
            "the panel is off or in standby; plays do not count".to_owned(),
            "Bật màn hình; muốn tự bật tắt theo giờ trực: [panel] follow_duty = true trong player.toml.",
            "Switch the panel on; to have it follow the hours of duty: [panel] follow_duty = true in player.toml.",
        ),
        Answer::NoPeer => (
            Health::Warning,
            "không có màn hình nào trả lời trên đường này".to_owned(),
            "no panel answers on this line".to_owned(),
            "Bật CEC (Anynet+, SimpLink, Bravia Sync …) hoặc DDC/CI trong trình đơn của màn hình. Màn hình không có thì để vậy: mức D2 vẫn được tính.",
            "Switch CEC (Anynet+, SimpLink, Bravia Sync …) or DDC/CI on in the panel's menu. Where it has none, leave it: level D2 stands.",
        ),
        Answer::Error(why) => (
            Health::Warning,
            format!("lỗi đường truyền: {why}"),
            format!("the line fails: {why}"),
            "Không có quyền: cho tài khoản của trình phát vào nhóm video. Chưa có địa chỉ: hỏi lại khi trình phát đang chạy. Còn lại: thay cáp hình.",
            "No permission: put the player's user into the group video. No address: ask again while the player runs. Else: change the cable.",
        ),
    };
    let said = Said::new(format!("{name}: {vi}"), format!("{name}: {en}"));
    Finding::ill("panel", health, said, Said::new(mend_vi, mend_en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_that_is_off_or_missing_is_a_fault_with_its_mend() {
        let dir = tempfile::tempdir().unwrap();
        let config = PlayerConfig { sink: PictureSink::Kms, ..PlayerConfig::default() };
        let health = || display(&config, dir.path()).iter().map(|f| (f.health, f.mend.is_some())).collect::<Vec<_>>();
        assert_eq!(health(), [(Health::Ok, false)], "nothing is known");
        let port = dir.path().join("card0-HDMI-A-1");
        std::fs::create_dir(&port).unwrap();
        let set = |name: &str, value: &str| std::fs::write(port.join(name), value).unwrap();
        set("status", "disconnected\n");
        assert_eq!(health(), [(Health::Fault, true)]);
        for (name, value) in [("status", "connected"), ("enabled", "enabled"), ("dpms", "Off")] {
            set(name, value);
        }
        assert_eq!(health(), [(Health::Fault, true)]);
        set("dpms", "On");
        assert_eq!(health(), [(Health::Ok, false)]);
        assert!(display(&config, dir.path())[0].said.en.contains("level D1"), "no EDID");
        let loudspeaker = PlayerConfig { sink: PictureSink::None, ..config.clone() };
        assert_eq!(display(&loudspeaker, dir.path()), []);
    }

    #[test]
    fn heat_and_memory_are_warned_of_from_their_marks_on() {
        let free = |free_bytes| memory(Room { free_bytes, total_bytes: 1 << 30 }).health;
        assert_eq!((heat(79_999).health, heat(80_000).health), (Health::Ok, Health::Warning));
        assert_eq!((free(64 << 20), free((64 << 20) - 1)), (Health::Ok, Health::Warning));
    }

    #[test]
    fn what_the_panel_says_is_told_and_an_error_has_another_mend_than_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let config = PlayerConfig { sink: PictureSink::Kms, ..PlayerConfig::default() };
        let looked = |config: &PlayerConfig| panel(config, dir.path(), dir.path());
        assert_eq!(looked(&config).iter().map(|f| f.health).collect::<Vec<_>>(), [Health::Ok], "no line at all");
        std::fs::write(dir.path().join("cec0"), "").unwrap();
        let error = &looked(&config)[0];
        assert_eq!(looked(&PlayerConfig { link: Link::Splitter, ..config }), [], "a splitter is not the panel");
        let nobody = line("cec0", &Answer::NoPeer);
        assert_eq!((error.health, nobody.health), (Health::Warning, Health::Warning));
        assert!(error.said.en.starts_with("cec0: the line fails") && error.mend != nobody.mend, "{error:?}");
        assert_eq!([Answer::Off, Answer::Elsewhere].map(|a| line("cec0", &a).health), [Health::Fault; 2]);
        assert_eq!(line("i2c-4", &Answer::Ours).said.en, "i2c-4: on (level D3)");
    }

    #[test]
    fn room_is_judged_in_three_steps() {
        let health = |bytes| room(bytes).health;
        assert_eq!((health(0), health(1 << 30), health(1 << 40)), (Health::Fault, Health::Warning, Health::Ok));
    }

    #[test]
    fn a_directory_that_is_missing_or_closed_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let known = ["state", "disk", "heat", "memory"];
        assert!(state(dir.path()).iter().all(|f| known.contains(&f.subject)));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "it leaves nothing behind");
        let missing = state(&dir.path().join("nowhere"));
        assert_eq!((missing.len(), missing[0].health), (1, Health::Fault));
    }
}
