//! Closed lists of words: an enum, its text in files and in the store, and the message for any other
//! word, from one table.

/// A closed list of words. `Type::ALL`, `as_str`, `Display`, `FromStr` (error: the words allowed),
/// serde as the word itself.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }
        impl $name {
            /// Every word of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word in files and in the store.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::directory::problem::Say;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|w| w.as_str() == text).ok_or_else(|| {
                    let all = [$($text),+].join(" | ");
                    $crate::directory::problem::say(format!("phải là một trong: {all}"), format!("must be one of: {all}"))
                })
            }
        }
        impl $crate::directory::table::Field for $name {
            fn read(text: &str) -> Result<Self, $crate::directory::problem::Say> {
                text.parse()
            }
        }
    };
}
pub(crate) use words;
