//! Secrets: made of chance, shown once, kept as hashes.

use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Rng;

/// Letters of a one-time code: no I, L, O and U, which people mistake.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters in a code: 80 bits.
const CODE_LETTERS: usize = 16;

/// 256 bits as 64 hexadecimal digits, and their hash.
pub(super) fn secret(rng: &dyn Rng) -> (String, Sha256Hash) {
    let mut bytes = [0; 32];
    rng.fill(&mut bytes);
    let text = hex::encode(bytes);
    let hash = Sha256Hash::of(text.as_bytes());
    (text, hash)
}

/// A code that people type, `4H7K-…` in four groups of four, and its hash.
pub(super) fn one_time_code(rng: &dyn Rng) -> (String, Sha256Hash) {
    let mut bytes = [0; CODE_LETTERS];
    rng.fill(&mut bytes);
    let letters: Vec<char> = bytes.iter().map(|b| char::from(LETTERS[usize::from(b % 32)])).collect();
    let text = letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-");
    let hash = code_hash(&text);
    (text, hash)
}

/// The hash of a code as it was typed: small or capital, with or without hyphens, with letters taken for digits.
pub(super) fn code_hash(typed: &str) -> Sha256Hash {
    let letter = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).map(letter).collect();
    Sha256Hash::of(plain.as_bytes())
}

/// What a form carries so that no other site's page can post it: known to whoever is shown the page, and of no use without the
/// session itself.
pub fn form_token(session: &str) -> String {
    Sha256Hash::of(format!("lichphat form v1\n{session}").as_bytes()).hex()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRng;

    #[test]
    fn a_code_is_known_again_however_it_is_typed() {
        let (text, hash) = one_time_code(&SystemRng);
        assert!(text.len() == 19 && text.split('-').all(|group| group.len() == 4), "{text}");
        assert_eq!(code_hash(&text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l")), hash);
        assert_ne!(one_time_code(&SystemRng).1, hash);
        assert_ne!(secret(&SystemRng).0, secret(&SystemRng).0);
        assert_ne!(form_token("a"), form_token("b"));
    }
}
