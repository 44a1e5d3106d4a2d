//! Where words of announcements come from: a UDP port, or a contact on a GPIO line. Nothing that goes wrong here reaches
//! what is played; a source that cannot be opened is tried again.

use super::{Asked, GpioLine, TriggerSettings};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::Sender;

/// How soon a source that failed is opened again.
const AGAIN: Duration = Duration::from_secs(10);
/// Most datagrams read without a rest of [`REST`], and one word at most is told of them: a flood costs little, the kernel
/// throws away what is too much.
const AT_ONCE: usize = 32;
const REST: Duration = Duration::from_millis(2);
/// How often the contact is looked at. It is closed or open once two looks agree: contacts bounce.
const LOOK: Duration = Duration::from_millis(20);
/// A contact that stays closed says so every so many looks.
const SAY_EVERY: u32 = 25;

/// What a source says.
#[derive(Debug)]
pub enum Heard {
    /// A word.
    Asked(Asked),
    /// It cannot be opened or read; it is tried again.
    Fault(String),
}

/// Listens to the source that the settings name, for ever; returns at once when they name none, and when nobody hears any more.
pub async fn listen(settings: TriggerSettings, tell: Sender<Heard>) {
    loop {
        let source = match (settings.udp, &settings.gpio) {
            (Some(udp), _) => (format!("udp {udp}"), hear_datagrams(udp, &settings, &tell).await),
            (None, Some(gpio)) => (gpio.to_string(), hear_contact(gpio, &tell).await),
            (None, None) => return,
        };
        let (name, Err(error)) = source else { return };
        if tell.send(Heard::Fault(format!("announcements: {name}: {error}"))).await.is_err() {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn hear_datagrams(udp: SocketAddr, settings: &TriggerSettings, tell: &Sender<Heard>) -> io::Result<()> {
    let socket = UdpSocket::bind(udp).await?;
    let mut bytes = [0; 256];
    loop {
        let (size, _) = socket.recv_from(&mut bytes).await?;
        let mut asked = settings.read(&bytes[..size]);
        for _ in 1..AT_ONCE {
            let Ok((size, _)) = socket.try_recv_from(&mut bytes) else { break };
            asked = settings.read(&bytes[..size]).or(asked);
        }
        if let Some(asked) = asked
            && tell.send(Heard::Asked(asked)).await.is_err()
        {
            return Ok(());
        }
        tokio::time::sleep(REST).await;
    }
}

/// A line of the kernel's character device, as an input.
pub fn open_line(gpio: &GpioLine) -> io::Result<impl FnMut() -> io::Result<bool>> {
    let mut request = gpiocdev::Request::builder();
    request.on_chip(&gpio.chip).with_line(gpio.line).as_input().with_consumer("lichphat-player");
    if gpio.active_low {
        request.as_active_low();
    }
    let line = request.request().map_err(io::Error::other)?;
    Ok(move || line.lone_value().map(bool::from).map_err(io::Error::other))
}

async fn hear_contact(gpio: &GpioLine, tell: &Sender<Heard>) -> io::Result<()> {
    watch(open_line(gpio)?, tell).await
}

/// Watches a contact; `is_closed` reads it.
async fn watch(mut is_closed: impl FnMut() -> io::Result<bool>, tell: &Sender<Heard>) -> io::Result<()> {
    let mut looks = tokio::time::interval(LOOK);
    let (mut before, mut closed, mut said) = (false, false, 0);
    loop {
        looks.tick().await;
        let now = is_closed()?;
        let settled = now == before;
        before = now;
        said += 1;
        let asked = match (closed, now && settled, !now && settled) {
            (false, true, _) => Asked::Hold,
            (true, _, true) => Asked::Release,
            (true, ..) if said >= SAY_EVERY => Asked::Hold,
            _ => continue,
        };
        (closed, said) = (asked == Asked::Hold, 0);
        if tell.send(Heard::Asked(asked)).await.is_err() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::channel;

    /// What is said of a contact that reads like this, look by look (`#` closed, `-` open).
    async fn said(looks: &str) -> Vec<Asked> {
        let (tell, mut heard) = channel(64);
        let mut looks = looks.chars();
        let read = move || looks.next().map(|c| c == '#').ok_or_else(|| io::Error::other("the cable was pulled"));
        let error = watch(read, &tell).await.unwrap_err();
        assert_eq!(error.to_string(), "the cable was pulled");
        drop(tell);
        let mut out = Vec::new();
        while let Some(Heard::Asked(asked)) = heard.recv().await {
            out.push(asked);
        }
        out
    }

    #[tokio::test]
    async fn a_contact_that_bounces_is_one_announcement() {
        use Asked::{Hold, Release};
        assert_eq!(said("--#-#-###-##--").await, [Hold, Release]);
        assert_eq!(said("-#-#-#-").await, [], "no two looks agree");
        let long = format!("-{}--", "#".repeat(60));
        assert_eq!(said(&long).await, [Hold, Hold, Hold, Release], "who stays closed says so again");
    }

    #[tokio::test]
    async fn a_chip_that_is_not_there_is_told_with_its_name() {
        let gpio = GpioLine { chip: "/dev/gpiochip-none".into(), line: 4, active_low: true };
        let settings = TriggerSettings { gpio: Some(gpio), ..TriggerSettings::default() };
        let (tell, mut heard) = channel(1);
        let listening = tokio::spawn(listen(settings, tell));
        let Some(Heard::Fault(text)) = heard.recv().await else { panic!("no word of the fault") };
        assert!(text.starts_with("announcements: /dev/gpiochip-none line 4: "), "{text}");
        listening.abort();
    }
}
