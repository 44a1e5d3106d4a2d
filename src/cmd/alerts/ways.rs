//! The ways out: mail by SMTP, JSON by HTTP. Neither follows anybody anywhere: a mail goes to the one server of the settings, a
//! request to an address below one of those that the settings allow, and no redirect is followed.

use super::super::witness::door;
use crate::config::{MailTls, Settings};
use crate::error::AppError;
use crate::notify::{NewMessage, Way};
use async_trait::async_trait;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, header};
use http_body_util::Full;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use sha2::Sha256;
use std::path::Path;
use std::time::Duration;

/// Longest wait for whoever takes a message.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Shortest secret that signs requests, bytes.
const LEAST_KEY_BYTES: usize = 16;

/// Who sends a message; the number names it for whoever takes it, so that he knows one that comes twice.
#[async_trait]
pub trait Post: Send + Sync {
    /// Sends it, or says why not.
    async fn send(&self, message: &NewMessage, id: u64) -> Result<(), String>;
}

/// A file of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its name.
    pub name: String,
    /// `Content-Type`.
    pub kind: &'static str,
    /// It.
    pub bytes: Vec<u8>,
}

/// Who mails files. A mail that is tried again has the same name, so that whoever takes it knows one that comes twice.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Mails subject, words and files to an address, or says why not.
    async fn mail(&self, to: &str, words: (&str, &str), files: Vec<Attached>, id: &str) -> Result<(), String>;
}

/// By the settings.
pub struct Ways {
    mail: Option<(AsyncSmtpTransport<Tokio1Executor>, Mailbox)>,
    web: door::Client,
    allowed: Vec<String>,
    key: Vec<u8>,
}

fn refused(field: &str, problem: &dyn std::fmt::Display) -> AppError {
    AppError::mistake(
        format!("cấu hình: {field}: {problem}; xem docs/alerts.md"),
        format!("settings: {field}: {problem}; see docs/alerts.md"),
    )
}

fn secret(field: &str, path: &Path) -> Result<String, AppError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| refused(field, &format!("{}: {error}", path.display())))?;
    Ok(text.trim().to_owned())
}

impl Ways {
    /// Reads secrets and makes ready; nothing is called yet.
    pub fn new(settings: &Settings) -> Result<Self, AppError> {
        let mail = &settings.mail;
        let transport = match mail.host.as_str() {
            "" => None,
            host => {
                let failed = |error: lettre::transport::smtp::Error| refused("mail.host", &error);
                let tls = || TlsParameters::new(host.to_owned()).map_err(failed);
                let tls = match mail.tls {
                    MailTls::Tls => Tls::Wrapper(tls()?),
                    MailTls::Starttls => Tls::Required(tls()?),
                    MailTls::None => Tls::None,
                };
                let mut to = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
                    .port(mail.port)
                    .tls(tls)
                    .timeout(Some(TIMEOUT));
                if !mail.user.is_empty() {
                    let password = secret("mail.password_file", &mail.password_file)?;
                    to = to.credentials(Credentials::new(mail.user.clone(), password));
                }
                let from: Mailbox = mail.from.parse().map_err(|error| refused("mail.from", &error))?;
                Some((to.build(), from))
            }
        };
        let alerts = &settings.alerts;
        let key = match alerts.webhooks.is_empty() {
            true => String::new(),
            false => secret("alerts.webhook_key_file", &alerts.webhook_key_file)?,
        };
        if !alerts.webhooks.is_empty() && key.len() < LEAST_KEY_BYTES {
            return Err(refused("alerts.webhook_key_file", &"write at least 16 characters of chance into it"));
        }
        Ok(Self {
            mail: transport,
            web: door::machine_client()?,
            allowed: alerts.webhooks.clone(),
            key: key.into_bytes(),
        })
    }

    async fn post(
        &self,
        to: &str,
        (subject, body): (&str, &str),
        files: Vec<Attached>,
        id: &str,
    ) -> Result<(), String> {
        let Some((transport, from)) = &self.mail else { return Err("mail.host is not set".to_owned()) };
        let to: Mailbox = to.parse().map_err(|error| format!("address: {error}"))?;
        let domain = from.email.domain().to_owned();
        let mail = lettre::Message::builder()
            .from(from.clone())
            .to(to)
            .message_id(Some(format!("<lichphat-{id}@{domain}>")))
            .subject(subject);
        let mail = if files.is_empty() {
            mail.header(ContentType::TEXT_PLAIN).body(body.to_owned())
        } else {
            let mut parts = MultiPart::mixed().singlepart(SinglePart::plain(body.to_owned()));
            for file in files {
                let kind = ContentType::parse(file.kind).map_err(|error| error.to_string())?;
                parts = parts.singlepart(Attachment::new(file.name).body(file.bytes, kind));
            }
            mail.multipart(parts)
        };
        let mail = mail.map_err(|error| error.to_string())?;
        transport.send(mail).await.map(drop).map_err(|error| error.to_string())
    }

    async fn webhook(&self, message: &NewMessage, id: u64) -> Result<(), String> {
        if !self.allowed.iter().any(|base| message.to.starts_with(base.as_str())) {
            return Err("address is below none of alerts.webhooks".to_owned());
        }
        let body = serde_json::json!({
            "id": id,
            "account": message.account.as_str(),
            "subject": message.message.subject,
            "text": message.message.body,
        });
        let body = body.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(|error| error.to_string())?;
        mac.update(body.as_bytes());
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let request = Request::post(&message.to)
            .header(header::CONTENT_TYPE, "application/json")
            .header("lichphat-signature", signature)
            .body(Full::<Bytes>::from(body))
            .map_err(|error| error.to_string())?;
        let answer = tokio::time::timeout(TIMEOUT, self.web.request(request)).await;
        let answer = answer.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("answered {}", answer.status())) }
    }
}

#[async_trait]
impl Post for Ways {
    async fn send(&self, message: &NewMessage, id: u64) -> Result<(), String> {
        match message.way {
            Way::Email => {
                let words = (message.message.subject.as_str(), message.message.body.as_str());
                self.post(&message.to, words, Vec::new(), &id.to_string()).await
            }
            Way::Webhook => self.webhook(message, id).await,
        }
    }
}

#[async_trait]
impl Courier for Ways {
    async fn mail(&self, to: &str, words: (&str, &str), files: Vec<Attached>, id: &str) -> Result<(), String> {
        self.post(to, words, files, id).await
    }
}
