//! HDMI-CEC (HDMI 1.4b, supplement 1): is the panel on, and are we its active source?
//!
//! Spoken over the kernel's `/dev/cecN` directly: the crates at hand let the kernel write unchecked values into Rust enums.
//! A panel never says by itself that it still shows us, so that is held only since we said so and were not contradicted:
//! another source announced itself, the panel turned to another input, or somebody else answered when we asked.

use super::line::{Answer, Line};
use std::io;

mod kernel;

pub use kernel::KernelCec;

const TV: u8 = 0;
const ALL: u8 = 15;

/// Messages, by their opcodes.
const IMAGE_VIEW_ON: u8 = 0x04;
const STANDBY: u8 = 0x36;
const ROUTING_CHANGE: u8 = 0x80;
const ROUTING_INFORMATION: u8 = 0x81;
const ACTIVE_SOURCE: u8 = 0x82;
const REQUEST_ACTIVE_SOURCE: u8 = 0x85;
const SET_STREAM_PATH: u8 = 0x86;
const GIVE_POWER_STATUS: u8 = 0x8f;
const REPORT_POWER_STATUS: u8 = 0x90;
/// Most messages taken in at once.
const MOST_HEARD: usize = 64;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// Somebody took it; no reply was asked for.
    Taken,
    /// The reply: opcode and operands.
    Reply(Vec<u8>),
    /// Nobody took it.
    Nobody,
    /// It was taken, and the reply did not come in time.
    NoReply,
    /// The peer does not know the question.
    Refused,
    /// The bus failed.
    Failed(String),
}

/// The bus.
pub trait CecBus: Send {
    /// Where we are plugged in (1.0.0.0 is 0x1000); none when nothing is connected.
    fn place(&mut self) -> io::Result<Option<u16>>;
    /// Our address; with `join` one is taken when there is none.
    fn address(&mut self, join: bool) -> io::Result<Option<u8>>;
    /// Sends opcode and operands, and waits for a reply with that opcode.
    fn send(&mut self, to: u8, message: &[u8], reply: Option<u8>) -> io::Result<Sent>;
    /// Opcode and operands of the next message that was heard; none when there is no more.
    fn heard(&mut self) -> io::Result<Option<Vec<u8>>>;
}

/// The panel at the end of such a bus.
#[derive(Debug)]
pub struct CecLine<B> {
    bus: B,
    join: bool,
    /// True since we said that we are the active source, false since another one is.
    ours: Option<bool>,
}

impl<B: CecBus> CecLine<B> {
    /// On this bus. Without `join` no address is taken, and a bus on which we have none is not asked.
    pub fn new(bus: B, join: bool) -> Self {
        Self { bus, join, ours: None }
    }

    /// Where we are plugged in, when we are on the bus.
    fn ready(&mut self) -> Result<u16, Answer> {
        let error = |e: io::Error| Answer::Error(e.to_string());
        let place = self.bus.place().map_err(error)?.ok_or(Answer::NoPeer)?;
        match self.bus.address(self.join).map_err(error)? {
            Some(_) => Ok(place),
            None => Err(Answer::Error("this machine has no address on the bus (the player takes one)".to_owned())),
        }
    }

    fn take_in(&mut self, place: u16) -> io::Result<()> {
        for _ in 0..MOST_HEARD {
            let Some(message) = self.bus.heard()? else { return Ok(()) };
            match message[..] {
                [ACTIVE_SOURCE, a, b] => self.ours = Some(u16::from_be_bytes([a, b]) == place),
                [SET_STREAM_PATH, a, b] | [ROUTING_INFORMATION, a, b] | [ROUTING_CHANGE, _, _, a, b] => {
                    self.turned_to(u16::from_be_bytes([a, b]), place)?;
                }
                // Whoever is the active source says so when asked.
                [REQUEST_ACTIVE_SOURCE] if self.ours == Some(true) => _ = self.announce(place)?,
                [GIVE_POWER_STATUS] => _ = self.bus.send(TV, &[REPORT_POWER_STATUS, 0], None)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn turned_to(&mut self, to: u16, place: u16) -> io::Result<()> {
        if to == place {
            self.announce(place)?;
        } else {
            // A switch on our way says next where it leads.
            let nibbles = to.trailing_zeros().min(16) / 4 * 4;
            let on_our_way = to != 0 && to >> nibbles == place >> nibbles;
            self.ours = if on_our_way { None } else { Some(false) };
        }
        Ok(())
    }

    fn announce(&mut self, place: u16) -> io::Result<Sent> {
        let [a, b] = place.to_be_bytes();
        let sent = self.bus.send(ALL, &[ACTIVE_SOURCE, a, b], None)?;
        self.ours = (sent == Sent::Taken).then_some(true).or(self.ours);
        Ok(sent)
    }

    fn power(&mut self) -> io::Result<Result<u8, Answer>> {
        Ok(match self.bus.send(TV, &[GIVE_POWER_STATUS], Some(REPORT_POWER_STATUS))? {
            Sent::Reply(reply) => match reply[..] {
                [REPORT_POWER_STATUS, status] => Ok(status),
                _ => Err(Answer::Error(format!("the panel's answer makes no sense: {reply:02x?}"))),
            },
            Sent::Nobody => Err(Answer::NoPeer),
            Sent::NoReply | Sent::Taken => {
                Err(Answer::Error("the panel takes the question and does not answer".into()))
            }
            Sent::Refused => Err(Answer::Error("the panel does not tell its power status".into())),
            Sent::Failed(why) => Err(Answer::Error(why)),
        })
    }

    fn look(&mut self) -> io::Result<Answer> {
        let place = match self.ready() {
            Ok(place) => place,
            Err(answer) => return Ok(answer),
        };
        self.take_in(place)?;
        match self.power()? {
            Ok(0) => {}
            Ok(1..=3) => {
                self.ours = None; // what it shows when it is on again, it has not said
                return Ok(Answer::Off);
            }
            Ok(status) => return Ok(Answer::Error(format!("power status {status}: not one of CEC"))),
            Err(answer) => return Ok(answer),
        }
        if let Sent::Reply(reply) = self.bus.send(ALL, &[REQUEST_ACTIVE_SOURCE], Some(ACTIVE_SOURCE))?
            && let [ACTIVE_SOURCE, a, b] = reply[..]
        {
            self.ours = Some(u16::from_be_bytes([a, b]) == place);
        }
        Ok(match self.ours {
            Some(true) => Answer::Ours,
            Some(false) => Answer::Elsewhere,
            None => Answer::On,
        })
    }

    fn order(&mut self, on: bool) -> Result<(), String> {
        let place = self.ready().map_err(|answer| match answer {
            Answer::Error(error) => error,
            _ => "nothing is connected".to_owned(),
        })?;
        let order = if on { IMAGE_VIEW_ON } else { STANDBY };
        let mut sent = self.bus.send(TV, &[order], None).map_err(|e| e.to_string())?;
        if on && sent == Sent::Taken {
            sent = self.announce(place).map_err(|e| e.to_string())?;
        }
        match sent {
            Sent::Taken | Sent::Reply(_) => Ok(()),
            Sent::Nobody => Err("nobody takes the order".to_owned()),
            sent => Err(format!("the order failed: {sent:?}")),
        }
    }
}

impl<B: CecBus> Line for CecLine<B> {
    fn ask(&mut self) -> Answer {
        self.look().unwrap_or_else(|error| Answer::Error(error.to_string()))
    }
    fn listen(&mut self) {
        if self.join
            && let Ok(place) = self.ready()
            && let Err(error) = self.take_in(place)
        {
            tracing::debug!(%error, "CEC"); // the next question tells
        }
    }
    fn switch(&mut self, on: bool) -> Result<(), String> {
        self.order(on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A bus with a panel that behaves as told.
    struct Fake {
        power: Sent,
        source: Sent,
        address: Option<u8>,
        heard: VecDeque<Vec<u8>>,
        sent: Vec<Vec<u8>>,
    }
    impl CecBus for Fake {
        fn place(&mut self) -> io::Result<Option<u16>> {
            Ok(Some(0x1000))
        }
        fn address(&mut self, join: bool) -> io::Result<Option<u8>> {
            self.address = self.address.or(join.then_some(4));
            Ok(self.address)
        }
        fn send(&mut self, _to: u8, message: &[u8], reply: Option<u8>) -> io::Result<Sent> {
            self.sent.push(message.to_vec());
            Ok(match reply {
                Some(REPORT_POWER_STATUS) => self.power.clone(),
                Some(_) => self.source.clone(),
                None if self.power == Sent::Nobody => Sent::Nobody,
                None => Sent::Taken,
            })
        }
        fn heard(&mut self) -> io::Result<Option<Vec<u8>>> {
            Ok(self.heard.pop_front())
        }
    }
    fn panel(power: Sent) -> CecLine<Fake> {
        let bus = Fake { power, source: Sent::NoReply, address: None, heard: VecDeque::new(), sent: Vec::new() };
        CecLine::new(bus, true)
    }
    fn status(status: u8) -> Sent {
        Sent::Reply(vec![REPORT_POWER_STATUS, status])
    }

    #[test]
    fn an_error_is_kept_apart_from_nobody_and_standby_from_both() {
        assert_eq!(panel(Sent::Nobody).ask(), Answer::NoPeer);
        for off in 1..=3 {
            assert_eq!(panel(status(off)).ask(), Answer::Off);
        }
        for bad in [Sent::NoReply, Sent::Refused, Sent::Failed("low drive".into()), status(9), Sent::Reply(vec![0x90])]
        {
            assert!(matches!(panel(bad.clone()).ask(), Answer::Error(_)), "{bad:?}");
        }
        let mut looker = panel(status(0));
        looker.join = false;
        assert!(matches!(looker.ask(), Answer::Error(_)), "who only looks takes no address");
        assert!(looker.bus.sent.is_empty());
    }

    #[test]
    fn the_picture_is_ours_only_from_our_word_until_somebody_elses() {
        let mut line = panel(status(0));
        assert_eq!(line.ask(), Answer::On, "it is on, and nobody said whose picture it shows");
        line.switch(true).unwrap();
        assert_eq!(line.bus.sent[line.bus.sent.len() - 2..], [vec![IMAGE_VIEW_ON], vec![ACTIVE_SOURCE, 0x10, 0]]);
        assert_eq!(line.ask(), Answer::Ours);
        // The staff turn to the tuner, and back to our input.
        line.bus.heard.push_back(vec![ROUTING_CHANGE, 0x10, 0, 0, 0]);
        assert_eq!(line.ask(), Answer::Elsewhere);
        line.bus.heard.push_back(vec![SET_STREAM_PATH, 0x10, 0]);
        assert_eq!(line.ask(), Answer::Ours);
        // Another box answers that it is the active source.
        line.bus.source = Sent::Reply(vec![ACTIVE_SOURCE, 0x20, 0]);
        assert_eq!(line.ask(), Answer::Elsewhere);
        line.bus.source = Sent::NoReply;
        line.bus.heard.push_back(vec![ACTIVE_SOURCE, 0x30, 0]);
        line.listen();
        assert_eq!(line.ask(), Answer::Elsewhere);
    }

    #[test]
    fn a_switch_on_our_way_leaves_it_open_and_one_elsewhere_does_not() {
        for (place, to, expected) in [(0x1200, 0x1000, None), (0x1200, 0x2000, Some(false)), (0x1200, 0, Some(false))] {
            let mut line = panel(status(0));
            line.ours = Some(true);
            line.turned_to(to, place).unwrap();
            assert_eq!(line.ours, expected, "{to:x}");
        }
    }

    #[test]
    fn a_question_is_answered_and_standby_is_one_order() {
        let mut line = panel(status(0));
        line.switch(true).unwrap();
        line.bus.heard.extend([vec![REQUEST_ACTIVE_SOURCE], vec![GIVE_POWER_STATUS], vec![0xff, 1, 2]]);
        line.listen();
        assert_eq!(line.bus.sent[2..], [vec![ACTIVE_SOURCE, 0x10, 0], vec![REPORT_POWER_STATUS, 0]]);
        line.switch(false).unwrap();
        assert_eq!(line.bus.sent.last().unwrap(), &[STANDBY]);
        line.bus.power = status(1);
        assert_eq!(line.ask(), Answer::Off);
        line.bus.power = status(0);
        assert_eq!(line.ask(), Answer::On, "switched on again by hand: whose picture it shows is not known");
        assert_eq!(panel(Sent::Nobody).switch(false).unwrap_err(), "nobody takes the order");
    }
}
