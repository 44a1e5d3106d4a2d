//! The zip a bundle travels in: written the same way every time, read as little as is believed.

use crate::json;
use crate::verdict::{Words, plain};
use lichphat_playlists::ids::{CampaignCode, Sha256Hash};
use lichphat_playlists::proof::bundle::{FORMAT, FileLine, MANIFEST, Manifest, SIGNATURE};
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::sign::{Envelope, Packing, SigningKey, VerifyingKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Most bytes of the manifest.
const MANIFEST_LIMIT_BYTES: u64 = 256 << 20;
const SIGNATURE_LIMIT_BYTES: u64 = 4096;
/// Bytes that differ at a time before it is no use to go on.
const MOST_WRONG: usize = 1 << 16;

/// Why a bundle cannot be read, or is not what its manifest says.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Not a zip, or a broken one.
    #[error("not a readable zip: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file is not there.
    #[error("{0}: is missing")]
    Missing(String),
    /// A file is not in the manifest, or stands twice.
    #[error("{0}: is not in the manifest")]
    Unlisted(String),
    /// Bytes that differ from the manifest.
    #[error("{0}: its bytes are not those that the manifest names")]
    Altered(String),
    /// Unpacked and packed anew by another program: perhaps nothing else, but the bytes of the bundle are not those that
    /// were handed over.
    #[error(
        "the bundle was unpacked and packed anew by another program, which says nothing of its contents: ask for the file as it was exported"
    )]
    Repacked,
    /// Of another version of the form.
    #[error("the bundle has the form {0:?}, this program reads {FORMAT:?}: use the lichphat-verify that belongs to it")]
    Version(String),
    /// A file whose form is not known.
    #[error("{name}: {problem}")]
    Form {
        /// The file.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

impl ArchiveError {
    /// What is said to people. None of it is a word about forgery: a file that was cut or packed anew looks the same.
    pub fn words(&self) -> Words {
        let vi = match self {
            Self::Zip(error) => format!("tệp không phải là zip đọc được (tải về chưa hết, hoặc bị hỏng): hãy lấy lại từ nơi gửi ({error})"),
            Self::Io(error) => format!("không đọc được tệp: {error}"),
            Self::Missing(name) => format!("{name}: gói thiếu tệp này; hãy xin lại gói như lúc xuất ra"),
            Self::Unlisted(name) => format!("{name}: tệp lạ, không có trong danh sách của gói; hãy xin lại gói như lúc xuất ra"),
            Self::Altered(name) => format!("{name}: nội dung không như danh sách của gói ghi, do bị sửa hoặc hỏng khi chép"),
            Self::Repacked => "gói đã được giải nén rồi nén lại bằng chương trình khác; điều đó không nói gì về nội dung: hãy xin đúng tệp lúc xuất ra".to_owned(),
            Self::Version(found) => format!("gói theo dạng {found:?}, chương trình này đọc dạng {FORMAT:?}: hãy dùng bản lichphat-verify đi cùng gói"),
            Self::Form { name, problem } => format!("{name}: không đúng dạng ({problem})"),
        };
        let mut words = Words { vi, en: self.to_string() };
        [&mut words.vi, &mut words.en].into_iter().for_each(plain);
        words
    }
}

/// Writes a bundle. Same files in the same order, same bytes: no time, no owner, no machine goes in.
pub struct Writer<W: Write + Seek> {
    zip: ZipWriter<W>,
    files: Vec<FileLine>,
}

impl<W: Write + Seek> Writer<W> {
    /// An empty bundle.
    pub fn new(out: W) -> Self {
        Self { zip: ZipWriter::new(out), files: Vec::new() }
    }

    /// Adds a file.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.write(name, bytes)?;
        let line = FileLine { name: name.to_owned(), size_bytes: bytes.len() as u64, sha256: Sha256Hash::of(bytes) };
        self.files.push(line);
        Ok(())
    }

    /// Adds a document for people and programs: indented JSON.
    pub fn put_json(&mut self, name: &str, value: &impl Serialize) -> Result<(), ArchiveError> {
        let form = |e: serde_json::Error| ArchiveError::Form { name: name.to_owned(), problem: e.to_string() };
        self.put(name, &serde_json::to_vec_pretty(value).map_err(form)?)
    }

    /// Nothing is compressed: the large files are already, and so every byte of the zip means something.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::DEFAULT)
            .large_file(bytes.len() as u64 > u64::from(u32::MAX) / 2);
        self.zip.start_file(name, options)?;
        self.zip.write_all(bytes)?;
        Ok(())
    }

    /// Writes the manifest, signs it and ends the bundle.
    pub fn finish(
        mut self,
        campaign: CampaignCode,
        (from, to): (LocalDay, LocalDay),
        key: &SigningKey<Packing>,
    ) -> Result<W, ArchiveError> {
        let files = std::mem::take(&mut self.files);
        let manifest = Manifest { format: FORMAT.to_owned(), campaign, from, to, files };
        let form = |e: serde_json::Error| ArchiveError::Form { name: MANIFEST.to_owned(), problem: e.to_string() };
        let json = serde_json::to_vec_pretty(&manifest).map_err(form)?;
        self.write(MANIFEST, &json)?;
        self.write(SIGNATURE, Envelope::seal(&Sha256Hash::of(&json).0, 1, key).as_bytes())?;
        Ok(self.zip.finish()?)
    }
}

/// A bundle that is being read. Every file that is given out has the size and hash of the manifest.
pub struct Bundle<R> {
    zip: ZipArchive<R>,
    manifest: Manifest,
    /// Of the manifest's bytes.
    hash: Sha256Hash,
    signature: Vec<u8>,
    files: BTreeMap<String, (u64, Sha256Hash)>,
}

impl<R: Read + Seek> Bundle<R> {
    /// Reads the manifest and compares the list of files.
    pub fn open(reader: R) -> Result<Self, ArchiveError> {
        let mut zip = ZipArchive::new(reader)?;
        if packed_anew(&mut zip)? {
            return Err(ArchiveError::Repacked);
        }
        let form = |problem: String| ArchiveError::Form { name: MANIFEST.to_owned(), problem };
        if !zip.comment().is_empty() {
            return Err(form("a comment stands at the end of the zip".to_owned()));
        }
        let text = read(&mut zip, MANIFEST, MANIFEST_LIMIT_BYTES)?;
        let manifest: Manifest = json::read(&text).map_err(|e| form(e.to_string()))?;
        if manifest.format != FORMAT {
            return Err(ArchiveError::Version(manifest.format));
        }
        let files: BTreeMap<String, (u64, Sha256Hash)> =
            manifest.files.iter().map(|f| (f.name.clone(), (f.size_bytes, f.sha256))).collect();
        let names: Vec<String> =
            zip.file_names().map(|name| Ok(name?.into_owned())).collect::<Result<_, zip::result::ZipError>>()?;
        let apart = [MANIFEST, SIGNATURE];
        if let Some(name) = names.into_iter().find(|name| !apart.contains(&name.as_str()) && !files.contains_key(name))
        {
            return Err(ArchiveError::Unlisted(name));
        }
        let signature = read(&mut zip, SIGNATURE, SIGNATURE_LIMIT_BYTES)?;
        if zip.len() != files.len() + apart.len() || files.len() != manifest.files.len() {
            return Err(form("its files are not those of the zip".to_owned()));
        }
        Ok(Self { zip, manifest, hash: Sha256Hash::of(&text), signature, files })
    }

    /// Is every byte of the zip one that a bundle of these files has, its housekeeping too? `original` is the same file
    /// again. Each file is copied as it is packed, and what comes out is compared; nothing is unpacked.
    pub fn is_plain(&mut self, original: R) -> Result<bool, ArchiveError> {
        let mut copy = ZipWriter::new(Compared { original, at: 0, end: 0, wrong: BTreeSet::new() });
        for i in 0..self.zip.len() {
            copy.raw_copy_file(self.zip.by_index_raw(i)?)?;
        }
        let mut compared = copy.finish()?;
        Ok(compared.wrong.is_empty() && compared.original.seek(SeekFrom::End(0))? == compared.end)
    }

    /// Has the scheduler signed the list of its files, with one of these keys?
    pub fn is_signed(&self, keys: &[VerifyingKey<Packing>]) -> bool {
        let Ok(envelope) = Envelope::from_bytes(self.signature.clone()) else { return false };
        keys.iter().any(|key| envelope.open(key, 32).is_ok_and(|said| said == self.hash.0))
    }

    /// What it is of.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// A file's bytes.
    pub fn get(&mut self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let &(size_bytes, sha256) = self.files.get(name).ok_or_else(|| ArchiveError::Missing(name.to_owned()))?;
        let bytes = read(&mut self.zip, name, size_bytes)?;
        if bytes.len() as u64 != size_bytes || Sha256Hash::of(&bytes) != sha256 {
            return Err(ArchiveError::Altered(name.to_owned()));
        }
        Ok(bytes)
    }

    /// A document.
    pub fn json<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ArchiveError> {
        let bytes = self.get(name)?;
        json::read(&bytes).map_err(|e| ArchiveError::Form { name: name.to_owned(), problem: e.to_string() })
    }
}

/// Does the zip bear marks of another program, folders as entries or compressed files? A bundle has none.
fn packed_anew<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Result<bool, ArchiveError> {
    for i in 0..zip.len() {
        let file = zip.by_index_raw(i)?;
        if file.is_dir() || file.compression() != CompressionMethod::Stored {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is written is compared with what is there. A header may be written twice: the last word counts.
struct Compared<R> {
    original: R,
    at: u64,
    end: u64,
    wrong: BTreeSet<u64>,
}

impl<R: Read + Seek> Write for Compared<R> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.original.seek(SeekFrom::Start(self.at))?;
        let mut there = Vec::with_capacity(bytes.len());
        (&mut self.original).take(bytes.len() as u64).read_to_end(&mut there)?;
        for (i, (at, byte)) in (self.at..).zip(bytes).enumerate() {
            if there.get(i) == Some(byte) {
                self.wrong.remove(&at);
            } else {
                self.wrong.insert(at);
            }
        }
        self.at += bytes.len() as u64;
        self.end = self.end.max(self.at);
        if self.wrong.len() > MOST_WRONG {
            return Err(std::io::Error::other("it is packed in another way than bundles are"));
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<R: Read + Seek> Seek for Compared<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        self.at = at.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// At most one byte more than `limit_bytes` are unpacked: enough to see that there are too many.
fn read<R: Read + Seek>(zip: &mut ZipArchive<R>, name: &str, limit_bytes: u64) -> Result<Vec<u8>, ArchiveError> {
    let file = zip.by_name(name).map_err(|error| match error {
        zip::result::ZipError::FileNotFound => ArchiveError::Missing(name.to_owned()),
        other => ArchiveError::Zip(other),
    })?;
    let mut bytes = Vec::new();
    file.take(limit_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|_| ArchiveError::Altered(name.to_owned()))?;
    Ok(bytes)
}
