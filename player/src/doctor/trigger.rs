//! What makes announcements of the place go first: is anything set up, and does it open?

use super::{Finding, Health, Said};
use crate::trigger::listen::open_line;
use crate::trigger::{Mode, TriggerSettings};
use std::io::ErrorKind;
use std::net::UdpSocket;

/// The source that the settings name.
pub(super) fn look(settings: &TriggerSettings) -> Finding {
    let (source, opened) = match (settings.udp, &settings.gpio) {
        (Some(udp), _) => (format!("udp {udp}"), UdpSocket::bind(udp).map(drop)),
        (None, Some(gpio)) => (gpio.to_string(), open_line(gpio).and_then(|mut read| read()).map(drop)),
        (None, None) => {
            return Finding::ok(
                "trigger",
                "không nhường cho thông báo tại chỗ nào",
                "gives way to no announcements of the place",
            );
        }
    };
    let (vi, en) = match settings.mode {
        Mode::Duck => (
            format!("{source}: khi có thông báo, tiếng giảm còn {} %", settings.duck_percent),
            format!("{source}: an announcement leaves {} % of the sound", settings.duck_percent),
        ),
        Mode::Pause => (
            format!("{source}: khi có thông báo, lượt đang phát bị ngắt"),
            format!("{source}: an announcement breaks the play off"),
        ),
    };
    let Err(error) = opened else { return Finding::ok("trigger", vi, en) };
    let busy = error.kind() == ErrorKind::AddrInUse || error.to_string().contains("busy");
    let mend = if busy {
        Said::new(
            "Trình phát đang chạy thì chính nó giữ cổng này: không sao. Nếu không, tìm chương trình kia: ss -ulpn, gpioinfo.",
            "A player that runs holds it itself: all is well. Otherwise find who has it: ss -ulpn, gpioinfo.",
        )
    } else {
        Said::new(
            "Ghi đúng địa chỉ của chính máy này, hoặc đúng chip GPIO; cho tài khoản của trình phát vào nhóm gpio.",
            "Name this box's own address, or the right GPIO chip; put the player's user into the group gpio.",
        )
    };
    let said = Said::new(format!("{vi}; không mở được: {error}"), format!("{en}; it does not open: {error}"));
    Finding::ill("trigger", Health::Warning, said, mend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::GpioLine;

    #[test]
    fn a_source_is_named_and_one_that_does_not_open_has_its_mend() {
        let off = TriggerSettings::default();
        assert_eq!((look(&off).health, look(&off).mend), (Health::Ok, None));
        let held = UdpSocket::bind("127.0.0.1:0").unwrap();
        let udp = TriggerSettings { udp: held.local_addr().ok(), ..off.clone() };
        let busy = look(&udp);
        assert!(busy.health == Health::Warning && busy.mend.unwrap().en.contains("A player that runs"));
        drop(held);
        let free = look(&udp);
        assert!(free.health == Health::Ok && free.said.en.contains("20 % of the sound"), "{free:?}");
        let gpio = GpioLine { chip: "/dev/gpiochip-none".into(), line: 4, active_low: false };
        let missing = look(&TriggerSettings { gpio: Some(gpio), mode: Mode::Pause, ..off });
        assert!(missing.said.vi.contains("/dev/gpiochip-none line 4") && missing.health == Health::Warning);
    }
}
