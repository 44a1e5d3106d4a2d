//! DDC/CI (VESA DDC/CI 1.1, MCCS 2.2): the panel's power mode over the I2C wires of its picture cable.
//!
//! Spoken over i2c-dev directly: one question and one order of a few bytes each, where the crates at hand bring an
//! I2C stack of 2018 with them.

use super::line::{Answer, Line};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

/// I2C address of the panel.
const PANEL: u8 = 0x37;
/// Power mode, a "virtual control panel" code of MCCS.
const POWER_MODE: u8 = 0xd6;
const ON: u8 = 0x01;
const OFF: u8 = 0x04;
/// How long a panel may take before it is read, and before it is spoken to again.
const PAUSE: Duration = Duration::from_millis(50);
/// Panels miss a question now and then.
const TRIES: usize = 3;

/// The wires.
pub trait I2c: Send {
    /// Sends one message to the panel.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Fetches one message from the panel.
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<()>;
    /// Gives the panel time.
    fn pause(&mut self) {
        std::thread::sleep(PAUSE);
    }
}

/// A bus of `/dev/i2c-N`.
#[derive(Debug)]
pub struct KernelI2c(File);

impl KernelI2c {
    /// Opens the bus and turns to the panel on it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        address(&file)?;
        Ok(Self(file))
    }
}

#[allow(unsafe_code, reason = "i2c-dev is driven by ioctl, which has no safe door")]
fn address(file: &File) -> io::Result<()> {
    /// `I2C_SLAVE` of linux/i2c-dev.h; its argument is the address itself.
    const I2C_SLAVE: rustix::ioctl::Opcode = 0x0703;
    // SAFETY: I2C_SLAVE takes an integer and touches no memory of ours.
    unsafe {
        let turn = rustix::ioctl::IntegerSetter::<I2C_SLAVE>::new_usize(usize::from(PANEL));
        Ok(rustix::ioctl::ioctl(file, turn)?)
    }
}

impl I2c for KernelI2c {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact(bytes)
    }
}

/// A panel behind such wires.
#[derive(Debug)]
pub struct DdcLine<I>(I);

impl<I: I2c> DdcLine<I> {
    /// Over these wires.
    pub fn new(wires: I) -> Self {
        Self(wires)
    }

    fn power_mode(&mut self) -> Result<u8, Answer> {
        let mut question = [0x51, 0x82, 0x01, POWER_MODE, 0];
        question[4] = check(0x6e, &question[..4]);
        let mut reply = [0; 11];
        self.0.write(&question).map_err(|e| refused(&e))?;
        self.0.pause();
        self.0.read(&mut reply).map_err(|e| refused(&e))?;
        read_power_mode(&reply).map_err(Answer::Error)
    }
}

impl<I: I2c> Line for DdcLine<I> {
    /// The wires are those of our own cable, and that is all DDC/CI knows of whose picture is shown.
    fn ask(&mut self) -> Answer {
        let mut last = Answer::NoPeer;
        for _ in 0..TRIES {
            match self.power_mode() {
                Ok(ON) => return Answer::On, // whose picture it shows, DDC/CI cannot tell
                Ok(2..=5) => return Answer::Off,
                Ok(mode) => last = Answer::Error(format!("power mode {mode}: not one of MCCS")),
                Err(answer) => last = answer,
            }
            self.0.pause();
        }
        last
    }
    fn switch(&mut self, on: bool) -> Result<(), String> {
        let mut order = [0x51, 0x84, 0x03, POWER_MODE, 0, if on { ON } else { OFF }, 0];
        order[6] = check(0x6e, &order[..6]);
        self.0.write(&order).map_err(|e| e.to_string())
    }
}

fn check(seed: u8, bytes: &[u8]) -> u8 {
    bytes.iter().fold(seed, |sum, byte| sum ^ byte)
}

/// An address that nobody answers at is no failure of the wires.
fn refused(error: &io::Error) -> Answer {
    let nobody = [rustix::io::Errno::NXIO, rustix::io::Errno::REMOTEIO].map(|e| Some(e.raw_os_error()));
    if nobody.contains(&error.raw_os_error()) { Answer::NoPeer } else { Answer::Error(error.to_string()) }
}

/// The value in a panel's reply to the question for its power mode.
fn read_power_mode(reply: &[u8; 11]) -> Result<u8, String> {
    if reply[..2] == [0x6e, 0x80] {
        return Err("the panel has no answer (null message)".to_owned());
    }
    if reply[..3] != [0x6e, 0x88, 0x02] || reply[4] != POWER_MODE || reply[10] != check(0x50, &reply[..10]) {
        return Err(format!("the panel's answer makes no sense: {reply:02x?}"));
    }
    if reply[3] != 0 {
        return Err("the panel does not know its power mode".to_owned());
    }
    Ok(reply[9])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A panel that answers with these bytes, or with this error.
    struct Fake {
        reply: Result<[u8; 11], rustix::io::Errno>,
        written: Vec<Vec<u8>>,
    }
    impl I2c for Fake {
        fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.written.push(bytes.to_vec());
            Ok(self.reply.map(|_| ())?)
        }
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<()> {
            bytes.copy_from_slice(&self.reply?);
            Ok(())
        }
        fn pause(&mut self) {}
    }
    fn panel(reply: Result<[u8; 11], rustix::io::Errno>) -> DdcLine<Fake> {
        DdcLine::new(Fake { reply, written: Vec::new() })
    }
    fn says(mode: u8) -> [u8; 11] {
        let mut reply = [0x6e, 0x88, 0x02, 0, POWER_MODE, 0, 0, 5, 0, mode, 0];
        reply[10] = check(0x50, &reply[..10]);
        reply
    }

    #[test]
    fn a_panel_says_its_power_mode_and_the_wires_when_nobody_is_there() {
        // Byte by byte: host address, length 8, reply, no error, code, type, most, present, sum.
        assert_eq!(panel(Ok([0x6e, 0x88, 0x02, 0x00, 0xd6, 0x00, 0x00, 0x05, 0x00, 0x01, 0x66])).ask(), Answer::On);
        assert_eq!(panel(Ok(says(1))).ask(), Answer::On);
        for mode in 2..=5 {
            assert_eq!(panel(Ok(says(mode))).ask(), Answer::Off);
        }
        assert_eq!(panel(Err(rustix::io::Errno::NXIO)).ask(), Answer::NoPeer);
        let mut cut = says(1);
        cut[9] = 4;
        for reply in [Err(rustix::io::Errno::IO), Ok(cut), Ok(says(9)), Ok([0x6e, 0x80, 0xbe, 0, 0, 0, 0, 0, 0, 0, 0])]
        {
            assert!(matches!(panel(reply).ask(), Answer::Error(_)), "{reply:?}");
        }
    }

    #[test]
    fn a_panel_is_switched_by_one_order() {
        let mut line = panel(Ok(says(1)));
        line.switch(false).unwrap();
        line.switch(true).unwrap();
        let orders = [vec![0x51, 0x84, 0x03, 0xd6, 0x00, 0x04, 0x6a], vec![0x51, 0x84, 0x03, 0xd6, 0x00, 0x01, 0x6f]];
        assert_eq!(line.0.written, orders);
        assert!(panel(Err(rustix::io::Errno::NXIO)).switch(true).is_err());
    }
}
