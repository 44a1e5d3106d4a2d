//! A command line in the reader's language: clap's own words about how a program is called, said in Vietnamese unless
//! `--lang en` stands among the arguments.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, Parser};
use lichphat_playlists::ids::CodeError;
use lichphat_playlists::time::TimeError;
use std::error::Error as _;
use std::ffi::OsString;
use std::fmt::Write as _;

/// clap's own form of a help page, with Vietnamese headings.
const HELP: &str = "{before-help}{about-with-newline}\nCách dùng: {usage}\n\n{all-args}{after-help}";

/// Reads the command line. A call that is wrong ends the program with code 2 and words that name argument, value and mend.
pub fn parse<P: Parser>() -> P {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match read(&arguments) {
        Ok(parsed) => parsed,
        Err(error) if !error.use_stderr() || english(&arguments) => error.exit(),
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "{}", vietnamese(&error)); // nowhere left to complain
            std::process::exit(2)
        }
    }
}

fn read<P: Parser>(arguments: &[OsString]) -> Result<P, clap::Error> {
    let command = if english(arguments) { P::command() } else { translated(P::command(), false) };
    P::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

/// Does the caller ask for English, at last? Looked for before anything is understood, so that a mistake is told in it, too.
fn english(arguments: &[OsString]) -> bool {
    let text = |at: usize| arguments.get(at).and_then(|argument| argument.to_str());
    let asked = (0..arguments.len()).rev().find_map(|at| match text(at)? {
        "--lang" => Some(text(at + 1)?),
        other => other.strip_prefix("--lang="),
    });
    asked == Some("en")
}

/// The command and all below it with Vietnamese headings; `versioned` when a command above it has a version.
fn translated(command: Command, versioned: bool) -> Command {
    let heading = |argument: Arg| {
        let heading = if argument.is_positional() { "Đối số" } else { "Tuỳ chọn" };
        if argument.get_help_heading().is_some() { argument } else { argument.help_heading(heading) }
    };
    let versioned = versioned || command.get_version().is_some();
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("In hướng dẫn (help)");
    let version =
        Arg::new("version").short('V').long("version").action(ArgAction::Version).help("In phiên bản (version)");
    let command = command.help_template(HELP).subcommand_help_heading("Lệnh").subcommand_value_name("LỆNH");
    let command =
        command.disable_help_flag(true).disable_version_flag(true).arg(help).args(versioned.then_some(version));
    command.mut_args(heading).mut_subcommands(|below| translated(below, versioned))
}

/// What is wrong with the call, with a mend and a way on.
fn vietnamese(error: &clap::Error) -> String {
    let mut said = format!("lỗi: {}", what(error));
    for (kind, is) in [
        (ContextKind::SuggestedArg, "có phải bạn muốn viết"),
        (ContextKind::SuggestedSubcommand, "có phải bạn muốn viết"),
        (ContextKind::SuggestedValue, "có phải bạn muốn viết"),
        (ContextKind::ValidValue, "chọn một trong"),
        (ContextKind::ValidSubcommand, "chọn một trong"),
    ] {
        if let Some(list) = context(error, kind).filter(|list| !list.is_empty()) {
            let _ = write!(said, "\n  {is}: {list}");
        }
    }
    if let Some(usage) = context(error, ContextKind::Usage) {
        let usage = usage.trim_start_matches("Usage:").trim();
        let _ = write!(said, "\n\nCách dùng: {usage}");
    }
    said + "\n\nXem thêm bằng --help."
}

fn what(error: &clap::Error) -> String {
    let argument = context(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = context(error, ContextKind::InvalidValue).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => format!("không có tuỳ chọn “{argument}”"),
        ErrorKind::InvalidSubcommand => {
            format!("không có lệnh “{}”", context(error, ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => format!("còn thiếu: {argument}"),
        ErrorKind::MissingSubcommand => "còn thiếu tên lệnh".to_owned(),
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument}: còn thiếu giá trị"),
        ErrorKind::InvalidValue => format!("{argument}: không nhận “{value}”"),
        ErrorKind::ValueValidation => format!("{argument}: “{value}” không dùng được: {}", why(error)),
        ErrorKind::ArgumentConflict => {
            let other = context(error, ContextKind::PriorArg).unwrap_or_default();
            if other == argument {
                format!("{argument}: chỉ viết một lần")
            } else {
                format!("{argument}: không dùng chung với {other}")
            }
        }
        ErrorKind::TooManyValues => format!("{argument}: thừa giá trị “{value}”"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => format!("{argument}: chưa đủ giá trị"),
        ErrorKind::InvalidUtf8 => "một đối số không phải là chữ (UTF-8)".to_owned(),
        _ => error.to_string(), // help and the like, which is no mistake
    }
}

/// What a value should be. What our types refuse is known; others speak for themselves.
fn why(error: &clap::Error) -> String {
    let Some(source) = error.source() else { return "sai dạng".to_owned() };
    if let Some(time) = source.downcast_ref::<TimeError>() {
        let day = "hãy viết một ngày có thật theo mẫu 2026-11-26 (năm-tháng-ngày)";
        return if time.what == "date" { day } else { "hãy viết giờ theo mẫu 08:15, từ 00:00 đến 24:00" }.to_owned();
    }
    if source.is::<CodeError>() {
        return "mã chỉ gồm 1 đến 64 ký tự trong a-z A-Z 0-9 . _ -".to_owned();
    }
    if source.is::<std::num::ParseIntError>() {
        return "hãy viết một số nguyên".to_owned();
    }
    source.to_string()
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(list) => Some(list.join(", ")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::StyledStrs(list) => Some(list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        ContextValue::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "thu")]
    enum Program {
        /// Báo cáo
        Report {
            #[arg(long, value_name = "DAY")]
            from: lichphat_playlists::time::LocalDay,
            #[arg(long)]
            campaign: Option<lichphat_playlists::ids::CampaignCode>,
            #[arg(long, conflicts_with = "campaign")]
            weeks: Option<u32>,
            #[arg(long, value_parser = ["table", "json"])]
            format: Option<String>,
        },
    }

    fn said(line: &str) -> String {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        vietnamese(&read::<Program>(&arguments).unwrap_err())
    }

    #[test]
    fn every_mistake_of_a_call_is_said_in_vietnamese_with_its_mend() {
        for (line, wanted) in [
            ("thu reprot", "không có lệnh “reprot”\n  có phải bạn muốn viết: report"),
            ("thu report", "còn thiếu: --from <DAY>"),
            (
                "thu report --from 26/11/2026",
                "“26/11/2026” không dùng được: hãy viết một ngày có thật theo mẫu 2026-11-26",
            ),
            ("thu report --from", "--from <DAY>: còn thiếu giá trị"),
            ("thu report --from 2026-11-26 --campagn x", "“--campagn”\n  có phải bạn muốn viết: --campaign"),
            ("thu report --from 2026-11-26 --campaign a/b", "mã chỉ gồm 1 đến 64 ký tự"),
            ("thu report --from 2026-11-26 --weeks ba", "“ba” không dùng được: hãy viết một số nguyên"),
            ("thu report --from 2026-11-26 --format xml", "không nhận “xml”\n  chọn một trong: table, json"),
            ("thu report --from 2026-11-26 --from 2026-11-27", "--from <DAY>: chỉ viết một lần"),
            ("thu report --from 2026-11-26 --campaign a --weeks 3", "không dùng chung với"),
        ] {
            let said = said(line);
            assert!(said.contains(wanted), "{line}: {said}");
            assert!(said.starts_with("lỗi: ") && said.ends_with("Xem thêm bằng --help."), "{said}");
            for english in ["error", "Usage", "required", "invalid"] {
                assert!(!said.contains(english), "{line}: {said}");
            }
        }
    }

    #[test]
    fn the_help_has_vietnamese_headings_and_english_is_asked_for() {
        let help = |arguments: &[&str]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            read::<Program>(&arguments).unwrap_err().to_string()
        };
        let vi = help(&["thu", "report", "--help"]);
        assert!(vi.contains("Cách dùng: thu report") && vi.contains("Tuỳ chọn:"), "{vi}");
        assert!(vi.contains("In hướng dẫn") && !vi.contains("Options:"), "{vi}");
        assert!(english(&["--lang".into(), "en".into()]) && english(&["--lang=en".into()]));
        assert!(!english(&["--lang".into(), "en".into(), "media".into(), "--lang".into(), "vi".into()]));
    }
}
