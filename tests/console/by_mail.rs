//! Reports by rule go out by real SMTP: to a door of the test's own that takes mails as a mail server does, refuses an address, or hangs
//! up in the middle; what arrives is read by another's code.

use crate::reports::reported;
use lichphat::cmd::alerts::Ways;
use lichphat::cmd::scheduled::Scheduled;
use lichphat::config::{MailSettings, MailTls, ReportSettings, Settings};
use lichphat::report::ReportStore as _;
use lichphat_playlists::time::{HANOI, LocalDay};
use mail_parser::{MessageParser, MimeHeaders as _};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How many lines of a mail are read before the line is cut.
const CUT_AFTER: usize = 40;

/// A mail server: what it took, to whom, and whom it does not serve.
#[derive(Default)]
struct Server {
    taken: Mutex<Vec<(String, Vec<u8>)>>,
    /// Addresses that it refuses, and at whose mails it hangs up.
    refuses: Mutex<[Option<&'static str>; 2]>,
}

impl Server {
    async fn serve(self: Arc<Self>, door: TcpListener) {
        while let Ok((stream, _)) = door.accept().await {
            let server = Arc::clone(&self);
            tokio::spawn(async move { server.talk(stream).await });
        }
    }

    /// One conversation (RFC 5321), as far as a mail needs it; none: the other one, or this one, hung up.
    async fn talk(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        say(&mut stream, "220 mx.example ESMTP").await?;
        let (mut to, [refused, cut]) = (String::new(), *self.refuses.lock().unwrap());
        loop {
            let line = line(&mut stream).await?;
            let words = String::from_utf8_lossy(&line).trim_end().to_owned();
            match words.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => say(&mut stream, "250-mx.example\r\n250 8BITMIME").await?,
                "RCPT" => {
                    to = words.split(['<', '>']).nth(1)?.to_owned();
                    let answer = if Some(to.as_str()) == refused { "550 5.1.1 no such mailbox" } else { "250 ok" };
                    say(&mut stream, answer).await?;
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    let mut mail = Vec::new();
                    for n in 0.. {
                        let mut line = self::line(&mut stream).await?;
                        if line == b".\r\n" {
                            break;
                        }
                        if n == CUT_AFTER && Some(to.as_str()) == cut {
                            return None;
                        }
                        if line.starts_with(b".") {
                            line.remove(0);
                        }
                        mail.extend(line);
                    }
                    self.taken.lock().unwrap().push((to.clone(), mail));
                    say(&mut stream, "250 taken").await?;
                }
                "QUIT" => return say(&mut stream, "221 bye").await,
                _ => say(&mut stream, "250 ok").await?,
            }
        }
    }

    /// To whom it took mails, in order of their names.
    fn served(&self) -> Vec<String> {
        let mut served: Vec<String> = self.taken.lock().unwrap().iter().map(|(to, _)| to.clone()).collect();
        served.sort();
        served
    }
}

async fn say(stream: &mut BufReader<TcpStream>, words: &str) -> Option<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await.ok()
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let n = stream.read_until(b'\n', &mut line).await.ok()?;
    (n > 0).then_some(line)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_arrives_whole_at_several_and_who_is_refused_or_cut_off_is_told_and_tried_again() {
    let town = reported().await;
    let folder = town._data.path().join("bao-cao");
    std::fs::create_dir(&folder).unwrap();
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = door.local_addr().unwrap().port();
    let server = Arc::new(Server::default());
    *server.refuses.lock().unwrap() = [Some("khong-co@xa.example"), Some("dut-day@phuong.example")];
    tokio::spawn(Arc::clone(&server).serve(door));

    let all = ["dut-day@phuong.example", "khong-co@xa.example", "van-phong@so.example"];
    let rule = ReportSettings {
        name: "thang".into(),
        unit: "phường Ba Đình".into(),
        formats: vec!["docx".into(), "xlsx".into()],
        folder: folder.clone(),
        mail: all.map(str::to_owned).to_vec(),
        ..ReportSettings::default()
    };
    let from = "Lịch phát Thủ đô <lich-phat@ha-noi.example>".to_owned();
    let mail = MailSettings { host: "127.0.0.1".into(), port, tls: MailTls::None, from, ..MailSettings::default() };
    let settings = Settings { report: vec![rule], mail, ..Settings::default() };
    let ways = Arc::new(Ways::new(&settings).unwrap());
    let scheduled = Scheduled::new(town.rooms.clone(), &settings, ways).unwrap();
    scheduled.look().await.unwrap();
    let to = |hour: u32| town.clock.jump_to("2026-12-05".parse::<LocalDay>().unwrap().at(hour * 3_600, HANOI));
    to(7);
    scheduled.look().await.unwrap();
    assert_eq!(server.served(), [all[2]], "one refused, one cut off, and the third has his");
    let html = town.ok("/").await;
    for said in [
        "chưa gửi được tới khong-co@xa.example: ",
        "5.1.1 no such mailbox",
        "chưa gửi được tới dut-day@phuong.example: ",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert!(!html.contains(all[2]), "he is no trouble: {html}");

    // both are mended, and only they are sent to again
    *server.refuses.lock().unwrap() = [None, None];
    to(8);
    scheduled.look().await.unwrap();
    assert_eq!(server.served(), all, "each once");
    assert_eq!(town.rooms.store.troubles().await.unwrap(), []);
    assert!(!town.ok("/").await.contains("Báo cáo theo lịch"));
    let html = town.ok("/reports").await;
    assert!(html.contains("; đã xong lúc 08:00, 05/12/2026"), "what went wrong last is not forgotten: {html}");

    let taken = server.taken.lock().unwrap();
    for (to, bytes) in taken.iter() {
        let mail = MessageParser::default().parse(bytes).unwrap();
        let subject = mail.subject().unwrap();
        assert!(subject.contains("Phường Ba Đình, tháng 11 năm 2026"), "{subject}");
        assert!(bytes.is_ascii(), "nothing that an old server on the way could spoil");
        assert_eq!(mail.to().unwrap().first().unwrap().address(), Some(to.as_str()));
        assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("Lịch phát Thủ đô"));
        let body = mail.body_text(0).unwrap();
        assert!(body.contains("Phường Ba Đình") && body.contains("SHA-256"), "{body}");
        let files: Vec<(&str, &[u8])> =
            mail.attachments().map(|part| (part.attachment_name().unwrap(), part.contents())).collect();
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["thang-2026-11-01-2026-11-30.docx", "thang-2026-11-01-2026-11-30.xlsx"]);
        for (name, bytes) in files {
            assert!(std::fs::read(folder.join(name)).unwrap() == bytes, "{name} to {to} is the file in the folder");
        }
    }
}
