//! The kernel's CEC framework, linux/cec.h.
#![allow(unsafe_code, reason = "the framework is driven by ioctls on plain structs, which have no safe door")]

use super::{ALL, CecBus, Sent};
use rustix::ioctl::{Getter, Opcode, Setter, Updater, ioctl, opcode};
use std::fs::File;
use std::io;
use std::path::Path;

/// `struct cec_msg`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Message {
    tx_ts: u64,
    rx_ts: u64,
    len: u32,
    timeout_ms: u32,
    sequence: u32,
    flags: u32,
    msg: [u8; 16],
    reply: u8,
    rx_status: u8,
    tx_status: u8,
    counts: [u8; 4],
}

/// `struct cec_log_addrs`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Addresses {
    log_addr: [u8; 4],
    mask: u16,
    version: u8,
    count: u8,
    vendor: u32,
    flags: u32,
    name: [u8; 15],
    primary: [u8; 4],
    kind: [u8; 4],
    all: [u8; 4],
    features: [[u8; 12]; 4],
}

const G_PHYS_ADDR: Opcode = opcode::read::<u16>(b'a', 1);
const G_LOG_ADDRS: Opcode = opcode::read::<Addresses>(b'a', 3);
const S_LOG_ADDRS: Opcode = opcode::read_write::<Addresses>(b'a', 4);
const TRANSMIT: Opcode = opcode::read_write::<Message>(b'a', 5);
const RECEIVE: Opcode = opcode::read_write::<Message>(b'a', 6);
const S_MODE: Opcode = opcode::write::<u32>(b'a', 9);

/// Sends messages and hears those of others, as one program among others.
const INITIATOR_AND_FOLLOWER: u32 = 0x01 | 0x10;
const NOT_CONNECTED: u16 = 0xffff;
const NO_ADDRESS: u8 = 0xff;
/// How long a reply may take, ms: what CEC allows.
const REPLY_MS: u32 = 1_000;

const TX_OK: u8 = 1;
const TX_NACK: u8 = 1 << 2;
const RX_OK: u8 = 1;
const RX_TIMEOUT: u8 = 1 << 1;
const RX_FEATURE_ABORT: u8 = 1 << 2;

/// An adapter, `/dev/cecN`.
#[derive(Debug)]
pub struct KernelCec {
    file: File,
    own: u8,
}

impl KernelCec {
    /// Opens the adapter.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        // SAFETY: CEC_S_MODE reads one u32.
        unsafe { ioctl(&file, Setter::<S_MODE, u32>::new(INITIATOR_AND_FOLLOWER))? };
        Ok(Self { file, own: ALL })
    }

    fn join(&self) -> io::Result<()> {
        let mut wanted = Addresses {
            log_addr: [0; 4],
            mask: 0,
            version: 5, // CEC 1.4
            count: 1,
            vendor: u32::MAX, // none
            flags: 0,
            name: *b"lichphat\0\0\0\0\0\0\0",
            primary: [4, 0, 0, 0], // a playback device
            kind: [3, 0, 0, 0],
            all: [0x10, 0, 0, 0],
            features: [[0; 12]; 4],
        };
        // SAFETY: CEC_ADAP_S_LOG_ADDRS reads and writes one cec_log_addrs of plain numbers.
        unsafe { Ok(ioctl(&self.file, Updater::<S_LOG_ADDRS, Addresses>::new(&mut wanted))?) }
    }

    fn addresses(&self) -> io::Result<Addresses> {
        // SAFETY: CEC_ADAP_G_LOG_ADDRS fills one cec_log_addrs of plain numbers.
        unsafe { Ok(ioctl(&self.file, Getter::<G_LOG_ADDRS, Addresses>::new())?) }
    }

    fn exchange<const OPCODE: Opcode>(&self, message: &mut Message) -> io::Result<()> {
        // SAFETY: CEC_TRANSMIT and CEC_RECEIVE read and write one cec_msg of plain numbers.
        unsafe { Ok(ioctl(&self.file, Updater::<OPCODE, Message>::new(message))?) }
    }
}

impl CecBus for KernelCec {
    fn place(&mut self) -> io::Result<Option<u16>> {
        // SAFETY: CEC_ADAP_G_PHYS_ADDR fills one u16.
        let place = unsafe { ioctl(&self.file, Getter::<G_PHYS_ADDR, u16>::new())? };
        Ok(Some(place).filter(|place| *place != NOT_CONNECTED))
    }

    fn address(&mut self, join: bool) -> io::Result<Option<u8>> {
        let mut held = self.addresses()?;
        if held.count == 0 && join {
            self.join()?;
            held = self.addresses()?;
        }
        let own = Some(held.log_addr[0]).filter(|a| held.count > 0 && *a != NO_ADDRESS);
        self.own = own.unwrap_or(ALL);
        Ok(own)
    }

    fn send(&mut self, to: u8, message: &[u8], reply: Option<u8>) -> io::Result<Sent> {
        let mut sent = Message { len: message.len() as u32 + 1, ..Message::default() };
        sent.msg[0] = self.own << 4 | to;
        sent.msg[1..=message.len()].copy_from_slice(message);
        if let Some(reply) = reply {
            (sent.reply, sent.timeout_ms) = (reply, REPLY_MS);
        }
        self.exchange::<TRANSMIT>(&mut sent)?;
        Ok(outcome(&sent, reply.is_some()))
    }

    fn heard(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut message = Message { timeout_ms: 1, ..Message::default() };
        match self.exchange::<RECEIVE>(&mut message) {
            Ok(()) => Ok(Some(content(&message).to_vec())),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Opcode and operands.
fn content(message: &Message) -> &[u8] {
    message.msg.get(1..message.len as usize).unwrap_or_default()
}

fn outcome(sent: &Message, replies: bool) -> Sent {
    if sent.tx_status & TX_OK == 0 {
        let nobody = sent.tx_status & TX_NACK != 0;
        return if nobody { Sent::Nobody } else { Sent::Failed(format!("bus status {:#04x}", sent.tx_status)) };
    }
    match sent.rx_status {
        _ if !replies => Sent::Taken,
        status if status & RX_FEATURE_ABORT != 0 => Sent::Refused,
        status if status & RX_OK != 0 => Sent::Reply(content(sent).to_vec()),
        status if status & RX_TIMEOUT != 0 => Sent::NoReply,
        status => Sent::Failed(format!("reply status {status:#04x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structs_have_the_kernels_sizes_and_its_words_are_read() {
        assert_eq!((size_of::<Message>(), size_of::<Addresses>()), (56, 92));
        let status = |tx_status, rx_status| {
            let mut msg = [0; 16];
            msg[..3].copy_from_slice(&[0x04, 0x90, 0x00]);
            outcome(&Message { len: 3, msg, tx_status, rx_status, ..Message::default() }, true)
        };
        assert_eq!(status(TX_OK, RX_OK), Sent::Reply(vec![0x90, 0]));
        assert_eq!(status(TX_NACK | 1 << 5, 0), Sent::Nobody, "retried to the end, nobody took it");
        assert_eq!(status(TX_OK, RX_TIMEOUT), Sent::NoReply);
        assert_eq!(status(TX_OK, RX_OK | RX_FEATURE_ABORT), Sent::Refused);
        assert!(matches!(status(1 << 3 | 1 << 5, 0), Sent::Failed(_)), "low drive");
        let odd = Message { len: 99, ..Message::default() };
        assert_eq!(content(&odd), &[] as &[u8]);
    }
}
