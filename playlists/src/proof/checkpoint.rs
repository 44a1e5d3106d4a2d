//! Checkpoints: the log's signed word on its size and root, as C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint) has it, and
//! the policy by which a reader believes one (c2sp.org/tlog-policy): which log, and how many witnesses.

use super::note::{Note, NoteError, VerifierKey, sign};
use crate::ids::Sha256Hash;
use crate::wire::sign::{Cosigning, LogSigning, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::{BTreeMap, BTreeSet};

/// Size and root of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Sha256Hash,
    /// Further lines, opaque.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn body(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.0));
        self.extensions.iter().for_each(|line| text.extend([line, "\n"]));
        text
    }

    /// Reads what [`Checkpoint::body`] writes.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Malformed;
        let mut lines = text.strip_suffix('\n').ok_or(bad("the last line does not end"))?.split('\n');
        let mut next = |what| lines.next().filter(|line| !line.is_empty()).ok_or(bad(what));
        let origin = next("no origin")?.to_owned();
        let digits = next("no size")?;
        let size: u64 = digits.parse().map_err(|_| bad("the size is not a number"))?;
        if size.to_string() != digits {
            return Err(bad("the size is not a plain number"));
        }
        let root = BASE64.decode(next("no root")?).ok().and_then(|b| b.try_into().ok());
        let root = Sha256Hash(root.ok_or(bad("the root is not base64 of 32 bytes"))?);
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(bad("an extension line is empty"));
        }
        Ok(Self { origin, size, root, extensions })
    }

    /// The signed note.
    pub fn sign(&self, name: &VerifierKey<LogSigning>, key: &SigningKey<LogSigning>) -> Note {
        let text = self.body();
        Note { signatures: vec![sign(&text, name, key)], text }
    }

    /// Reads a note that the log's key has signed; its origin must be the key's name.
    pub fn open(note: &Note, key: &VerifierKey<LogSigning>) -> Result<Self, NoteError> {
        note.verify(key)?;
        let checkpoint = Self::parse(&note.text)?;
        if checkpoint.origin != key.name() {
            return Err(NoteError::Malformed("it is another log's"));
        }
        Ok(checkpoint)
    }
}

/// Whom a reader believes: logs, witnesses, and how many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Logs whose checkpoints are taken.
    pub logs: Vec<VerifierKey<LogSigning>>,
    /// Witnesses by their names in the policy.
    pub witnesses: BTreeMap<String, VerifierKey<Cosigning>>,
    /// At least so many of these, each a witness or another group.
    groups: BTreeMap<String, (usize, Vec<String>)>,
    /// Witness or group that must have witnessed; none when nobody has to.
    quorum: Option<String>,
}

/// What is wrong with a policy's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy line {line}: {problem}")]
pub struct PolicyError {
    /// Line, from 1; 0 for the whole.
    pub line: usize,
    /// What, and the mend.
    pub problem: String,
}

/// Who cosigned a checkpoint, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Witnessed {
    /// Witnesses by their names in the policy, with the seconds since 1970 of their cosignatures.
    pub by: BTreeMap<String, u64>,
    /// From then on at the latest the quorum had seen it, seconds since 1970; none when it has not, or none is asked for.
    pub since_s: Option<u64>,
    /// Is the quorum reached? True where none is asked for.
    pub enough: bool,
}

impl Policy {
    /// These logs alone, without witnesses.
    pub fn of_logs(logs: Vec<VerifierKey<LogSigning>>) -> Self {
        Self { logs, witnesses: BTreeMap::new(), groups: BTreeMap::new(), quorum: None }
    }

    /// Reads a policy's text: lines `log VKEY [URL]`, `witness NAME VKEY [URL]`, `group NAME k|any|all MEMBER…`,
    /// `quorum NAME|none`; `#` begins a remark.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut reading = Reading::default();
        for (at, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split([' ', '\t']).filter(|w| !w.is_empty()).collect();
            let result = match words.as_slice() {
                [] => Ok(()),
                [first, ..] if first.starts_with('#') => Ok(()),
                ["log", key] | ["log", key, _] => reading.log(key),
                ["witness", name, key] | ["witness", name, key, _] => reading.witness(name, key),
                ["group", name, threshold, members @ ..] => reading.group(name, threshold, members),
                ["quorum", name] => reading.quorum(name),
                [word, ..] => {
                    Err(format!("{word:?} with {} words is no line; write log, witness, group or quorum", words.len()))
                }
            };
            result.map_err(|problem| PolicyError { line: at + 1, problem })?;
        }
        let whole = |problem: &str| PolicyError { line: 0, problem: problem.to_owned() };
        let quorum = reading
            .quorum
            .ok_or_else(|| whole("no quorum line; write \"quorum none\" when no witness is asked for"))?;
        Ok(Self { logs: reading.logs, witnesses: reading.witnesses, groups: reading.groups, quorum })
    }

    /// The checkpoint in a note that one of the logs has signed, and who witnessed it. A cosignature that does not hold
    /// is as good as none.
    pub fn open(&self, note: &Note) -> Result<(Checkpoint, Witnessed), NoteError> {
        let checkpoint = self.logs.iter().map(|key| Checkpoint::open(note, key)).reduce(Result::or);
        Ok((checkpoint.unwrap_or(Err(NoteError::NotSigned))?, self.witnessed(note)))
    }

    /// Who cosigned this note.
    pub fn witnessed(&self, note: &Note) -> Witnessed {
        let cosigned = self.witnesses.iter().filter_map(|(name, key)| Some((name.clone(), note.cosigned(key).ok()?)));
        let by: BTreeMap<String, u64> = cosigned.collect();
        let since_s = self.quorum.as_ref().and_then(|name| self.since(name, &by));
        Witnessed { enough: self.quorum.is_none() || since_s.is_some(), by, since_s }
    }

    /// When the k-th of a group's members had witnessed.
    fn since(&self, name: &str, by: &BTreeMap<String, u64>) -> Option<u64> {
        let Some((k, members)) = self.groups.get(name) else { return by.get(name).copied() };
        let mut times: Vec<u64> = members.iter().filter_map(|member| self.since(member, by)).collect();
        times.sort_unstable();
        times.get(k - 1).copied()
    }
}

#[derive(Default)]
struct Reading {
    logs: Vec<VerifierKey<LogSigning>>,
    witnesses: BTreeMap<String, VerifierKey<Cosigning>>,
    groups: BTreeMap<String, (usize, Vec<String>)>,
    quorum: Option<Option<String>>,
    /// Names that stand in a group already: each contributes in one way only.
    used: BTreeSet<String>,
}

impl Reading {
    fn log(&mut self, key: &str) -> Result<(), String> {
        let key: VerifierKey<LogSigning> = key.parse().map_err(|e: NoteError| e.to_string())?;
        if self.logs.iter().any(|known| known.key() == key.key()) {
            return Err("this log's key stands here twice; leave one line out".to_owned());
        }
        self.logs.push(key);
        Ok(())
    }

    fn free(&self, name: &str) -> Result<(), String> {
        if name == "none" || self.witnesses.contains_key(name) || self.groups.contains_key(name) {
            return Err(format!("the name {name:?} is taken; choose another"));
        }
        Ok(())
    }

    fn known(&self, name: &str) -> Result<(), String> {
        if self.witnesses.contains_key(name) || self.groups.contains_key(name) {
            return Ok(());
        }
        Err(format!("no witness or group {name:?} stands above; write it before it is used"))
    }

    fn witness(&mut self, name: &str, key: &str) -> Result<(), String> {
        self.free(name)?;
        let key: VerifierKey<Cosigning> = key.parse().map_err(|e: NoteError| e.to_string())?;
        if self.witnesses.values().any(|known| known.key() == key.key()) {
            return Err("this witness's key stands here twice; leave one line out".to_owned());
        }
        self.witnesses.insert(name.to_owned(), key);
        Ok(())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), String> {
        self.free(name)?;
        let k = match threshold {
            "any" => 1,
            "all" => members.len(),
            digits => digits.parse().map_err(|_| format!("{digits:?} is neither a number nor any nor all"))?,
        };
        if k == 0 || k > members.len() {
            return Err(format!("{k} of {} members cannot be asked for", members.len()));
        }
        for member in members {
            self.known(member)?;
            if !self.used.insert((*member).to_owned()) {
                return Err(format!("{member:?} is a member already; each may stand in one group"));
            }
        }
        self.groups.insert(name.to_owned(), (k, members.iter().map(|m| (*m).to_owned()).collect()));
        Ok(())
    }

    fn quorum(&mut self, name: &str) -> Result<(), String> {
        if self.quorum.is_some() {
            return Err("a second quorum line; leave one out".to_owned());
        }
        if name != "none" {
            self.known(name)?;
        }
        self.quorum = Some((name != "none").then(|| name.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::note::cosign;
    use crate::proof::tree::EMPTY_ROOT;
    use proptest::prelude::*;

    fn witness(seed: u8) -> (SigningKey<Cosigning>, VerifierKey<Cosigning>) {
        let key = SigningKey::from_seed(&[seed; 32]);
        let name = VerifierKey::new(format!("w{seed}.example"), key.verifying_key()).unwrap();
        (key, name)
    }

    fn note() -> (Note, VerifierKey<LogSigning>) {
        let key = SigningKey::from_seed(&[9; 32]);
        let name = VerifierKey::new("lichphat.example/log", key.verifying_key()).unwrap();
        let checkpoint = Checkpoint { origin: name.name().into(), size: 5, root: EMPTY_ROOT, extensions: vec![] };
        (checkpoint.sign(&name, &key), name)
    }

    #[test]
    fn a_checkpoint_is_read_only_under_its_own_logs_key() {
        let (note, name) = note();
        assert_eq!(Checkpoint::open(&note, &name).unwrap().size, 5);
        let key = SigningKey::from_seed(&[9; 32]);
        let other = VerifierKey::new("other.example/log", key.verifying_key()).unwrap();
        assert_eq!(Checkpoint::open(&note, &other), Err(NoteError::NotSigned));
        let foreign = Checkpoint::parse(&note.text).unwrap().sign(&other, &key);
        assert_eq!(Checkpoint::open(&foreign, &other), Err(NoteError::Malformed("it is another log's")));
    }

    #[test]
    fn a_quorum_is_reached_when_the_kth_witness_has_seen_it() {
        let (mut note, log) = note();
        let keys = [1, 2, 3].map(witness);
        let mut text = format!("# thử\nlog {log} https://lichphat.example/log\n");
        for (i, (_, name)) in keys.iter().enumerate() {
            text += &format!("witness w{i} {name}\n");
        }
        text += "group hai-trong-ba 2 w0 w1 w2\nquorum hai-trong-ba\n";
        let policy = Policy::parse(&text).unwrap();
        let seen = |note: &Note| policy.open(note).unwrap().1;
        assert!(!seen(&note).enough);
        for ((key, name), time_s) in keys.iter().zip([300, 100, 200]) {
            note.signatures.push(cosign(&note.text, name, key, time_s));
        }
        assert_eq!((seen(&note).enough, seen(&note).since_s), (true, Some(200)));
        note.signatures[2].bytes[20] ^= 1;
        assert_eq!(seen(&note).since_s, Some(300), "a cosignature that does not hold is none");
        note.signatures[3].bytes[20] ^= 1;
        assert!(!seen(&note).enough);
    }

    #[test]
    fn a_policys_faults_name_line_and_mend() {
        let (_, one) = witness(1);
        let line = format!("witness a {one}\n");
        let cases = [
            (line.clone(), 0, "no quorum line"),
            (format!("{line}quorum b\n"), 2, "no witness or group"),
            (format!("{line}group g 2 a\nquorum g\n"), 2, "2 of 1 members"),
            (format!("{line}witness b {one}\n"), 2, "stands here twice"),
            (format!("{line}group g any a\ngroup h any a\n"), 3, "a member already"),
            ("quorum none\nquorum none\n".to_owned(), 2, "a second quorum"),
            ("log x\n".to_owned(), 1, "NAME+ID+KEY"),
            ("nhật ký\n".to_owned(), 1, "is no line"),
        ];
        for (text, line, words) in cases {
            let error = Policy::parse(&text).unwrap_err();
            assert!(error.line == line && error.problem.contains(words), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_the_same(text in "[a-z]{0,3}\n[0-9]{1,4}\n[A-Za-z0-9+/]{43}=\n([a-z]{0,3}\n){0,2}") {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(Checkpoint::parse(&checkpoint.body()), Ok(checkpoint));
            }
        }
        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>()) {
            let _ = Checkpoint::parse(&text);
            let _ = Policy::parse(&text);
        }
    }
}
