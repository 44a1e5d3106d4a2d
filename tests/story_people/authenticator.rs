//! An authenticator in software, for stories: one P-256 key, attestation "none", by W3C's Web Authentication and none of our code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_KEY: u8 = 0x40;

/// One, with its owner's finger on it.
#[derive(Clone)]
pub(crate) struct Authenticator {
    pub(crate) key: SigningKey,
    /// What it calls its key.
    pub(crate) id: Vec<u8>,
    /// Uses so far.
    pub(crate) counter: u32,
    /// What the browser says its page's address is.
    pub(crate) origin: String,
    /// Does it look whose finger it is?
    pub(crate) verifies: bool,
}

impl Authenticator {
    /// One of its own for each number from 1.
    pub(crate) fn new(number: u8, origin: &str) -> Self {
        let key = SigningKey::from_slice(&[number; 32]).unwrap();
        let id = Sha256::digest([number]).to_vec();
        Self { key, id, counter: 0, origin: origin.to_owned(), verifies: true }
    }

    /// Answers `navigator.credentials.create`.
    pub(crate) fn make(&self, options: &str) -> String {
        let options = &serde_json::from_str::<Value>(options).unwrap()["publicKey"];
        let point = self.key.verifying_key().to_sec1_point(false);
        let bytes = |part: Option<_>| Cbor::Bytes(AsRef::<[u8]>::as_ref(part.unwrap()).to_vec());
        // COSE: EC2, ES256, P-256, x, y
        let key = [(1, Cbor::Integer(2)), (3, Cbor::Integer(-7)), (-1, Cbor::Integer(1))];
        let key = key.into_iter().chain([(-2, bytes(point.x())), (-3, bytes(point.y()))]);
        let key: BTreeMap<Cbor, Cbor> = key.map(|(label, value)| (Cbor::Integer(label), value)).collect();
        let mut data = self.data(options["rp"]["id"].as_str().unwrap(), HAS_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(serde_cbor_2::to_vec(&Cbor::Map(key)).unwrap());
        let text = |text: &str| Cbor::Text(text.to_owned());
        let object = [
            (text("fmt"), text("none")),
            (text("attStmt"), Cbor::Map(BTreeMap::new())),
            (text("authData"), Cbor::Bytes(data)),
        ];
        let object = serde_cbor_2::to_vec(&Cbor::Map(object.into())).unwrap();
        let response = json!({
            "clientDataJSON": BASE64URL.encode(self.said("webauthn.create", options)),
            "attestationObject": BASE64URL.encode(object),
        });
        self.answer(&response)
    }

    /// Answers `navigator.credentials.get`.
    pub(crate) fn show(&mut self, options: &str) -> String {
        let options = &serde_json::from_str::<Value>(options).unwrap()["publicKey"];
        self.counter += 1;
        let (data, said) = (self.data(options["rpId"].as_str().unwrap(), 0), self.said("webauthn.get", options));
        let signed = [&data[..], &Sha256::digest(&said)].concat();
        let signature: Signature = self.key.sign(&signed);
        let response = json!({
            "clientDataJSON": BASE64URL.encode(said),
            "authenticatorData": BASE64URL.encode(data),
            "signature": BASE64URL.encode(signature.to_der().as_bytes()),
            "userHandle": null,
        });
        self.answer(&response)
    }

    fn data(&self, name: &str, flags: u8) -> Vec<u8> {
        let flags = flags | PRESENT | if self.verifies { VERIFIED } else { 0 };
        [&Sha256::digest(name)[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    /// What the browser says it was asked.
    fn said(&self, what: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["challenge"];
        json!({ "type": what, "challenge": challenge, "origin": self.origin, "crossOrigin": false }).to_string().into()
    }

    fn answer(&self, response: &Value) -> String {
        let id = BASE64URL.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
    }
}
