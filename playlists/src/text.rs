//! Words from outside, on their way to a person.

/// Does the character do something to the text around it, or hide? Controls move a terminal's cursor and colour what
/// follows; marks of direction let a name be read backwards; line separators make one line two.
pub fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}
