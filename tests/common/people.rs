//! Accounts for stories that are about something else: rows of the store, of which the log says nothing.

use lichphat::people::{Act, Role, Rule, form_token};
use lichphat::store::Store;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::UtcMillis;
use rusqlite::params;

/// What an account comes in with.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    /// `authorization`: good for ever, whatever a story does to the clock; it has no second factor.
    pub(crate) bearer: String,
    /// `cookie` of a session with a second factor, which lasts for twelve hours.
    pub(crate) cookie: String,
    /// What its forms carry.
    pub(crate) form_token: String,
}

/// An account with these roles, each over a unit or everywhere, signed in at `now`.
pub(crate) async fn account(store: &Store, code: &str, roles: &[(Role, Option<&str>)], now: UtcMillis) -> Pass {
    let (code, secret) = (code.to_owned(), Sha256Hash::of(code.as_bytes()).hex());
    let hash = Sha256Hash::of(secret.as_bytes()).0;
    let acts: Vec<Act> = Act::ALL.iter().copied().filter(|act| !Rule::of(*act).unwrap().strong).collect();
    let acts = serde_json::to_string(&acts).unwrap();
    let roles: Vec<(Role, Option<String>)> = roles.iter().map(|(r, unit)| (*r, unit.map(str::to_owned))).collect();
    let pass = Pass {
        bearer: format!("Bearer lichphat_{secret}"),
        cookie: format!("__Host-lichphat={secret}"),
        form_token: form_token(&secret),
    };
    let there = code.clone();
    let there = move |conn: &rusqlite::Connection| {
        Ok(conn.prepare("SELECT 1 FROM account WHERE code = ?1")?.exists([there])?)
    };
    if store.read(there).await.unwrap() {
        return pass;
    }
    let write = move |tx: &rusqlite::Connection| {
        tx.execute("INSERT INTO account (code, name, made_ms) VALUES (?1, 'Tài khoản của truyện', 0)", [&code])?;
        for (role, unit) in roles {
            tx.execute(
                "INSERT INTO account_grant (account, role, unit, decision, given_by, given_ms) VALUES (?1, ?2, ?3, '', 'shell', 0)",
                params![code, role.as_str(), unit],
            )?;
        }
        tx.execute(
            "INSERT INTO api_token (hash, account, label, acts, made_ms, expires_ms) VALUES (?1, ?2, 'x', ?3, 0, 4102444800000)",
            params![hash, code, acts],
        )?;
        tx.execute(
            "INSERT INTO session (hash, account, strong, made_ms, seen_ms) VALUES (?1, ?2, 1, ?3, ?3)",
            params![hash, code, now.0],
        )?;
        Ok(())
    };
    store.write(write).await.unwrap();
    pass
}

/// An account with every role over everything.
pub(crate) async fn everything(store: &Store, now: UtcMillis) -> Pass {
    let roles: Vec<(Role, Option<&str>)> = Role::ALL.iter().map(|role| (*role, None)).collect();
    account(store, "everything", &roles, now).await
}

/// A client that may everything for which no second factor is needed.
pub(crate) async fn client_of(store: &Store) -> reqwest::Client {
    let pass = everything(store, UtcMillis(0)).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let headers = [(reqwest::header::AUTHORIZATION, pass.bearer.parse().unwrap())].into_iter().collect();
    reqwest::Client::builder().default_headers(headers).build().unwrap()
}
