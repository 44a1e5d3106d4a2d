//! The towns that Chromium visits, each behind the people's door with TLS, at a told time: one in which things happen, one whose names
//! mean harm, and one with very many screens.

use crate::common::people::{Pass, account, everything};
use crate::common::town::{TownDevice, TownServer, again, at, bare, fixture, import, town};
use crate::common::{Kept, ROOT, TestData};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use lichphat::certs::Own;
use lichphat::people::Role;
use lichphat::web::{self, Certificate, Limits, Listener, Service};
use lichphat_player::identity::Identity;
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{self as player, Transport as _};
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::time::{HANOI, UtcMillis};
use lichphat_playlists::wire::command::{Answer, Outcome};
use lichphat_playlists::wire::sign::SigningKey;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;

/// The order's first day, and the day on which people come.
pub(crate) const FIRST: &str = "2024-09-20";
pub(crate) const TODAY: &str = "2024-09-21";

/// A probe that knows what stories bring: pictures, of which it makes small ones.
const PROBE: &str = r#"#!/bin/sh
[ "$(head -c 4 "$2" | tail -c 3)" = PNG ] || { echo "no decoder for it" >&2; exit 1; }
case "$1" in
  probe) echo '{"kind":"still","duration_ms":null}' ;;
  picture) exec gst-launch-1.0 -q filesrc location="$2" ! pngdec ! videoconvert ! videoscale \
    ! video/x-raw,width=480,height=270 ! jpegenc snapshot=true ! fdsink fd=1 ;;
  *) exit 1 ;;
esac
"#;

/// The same town, whose server can look at files.
fn with_probe(data: TestData) -> TestData {
    let (probe, settings) = (data.path().join("probe"), data.path().join("own.toml"));
    std::fs::write(&probe, PROBE).unwrap();
    std::fs::set_permissions(&probe, std::fs::Permissions::from_mode(0o755)).unwrap();
    let text = std::fs::read_to_string(fixture("server.toml")).unwrap();
    std::fs::write(&settings, text.replace("no-such-probe", probe.to_str().unwrap())).unwrap();
    data.with_settings(settings.to_str().unwrap())
}

/// The people's door on a port of its own. What it serves runs apart, so that it can break off as when a server dies.
pub(crate) struct Door {
    apart: Runtime,
    address: SocketAddr,
}

impl Door {
    async fn open(data: &Path, service: Service, address: SocketAddr, now: UtcMillis) -> Self {
        let own = Own::of(data);
        own.keep(&[], now.day(HANOI)).unwrap();
        let certificate = Certificate::load(&own.chain, &own.key).unwrap();
        let apart = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listening = apart.spawn(async move { Listener::bind(address, Some(&certificate)).await.unwrap() });
        let listener = listening.await.unwrap();
        let address = listener.address();
        apart.spawn(listener.serve(service, Limits::default(), std::future::pending()));
        Self { apart, address }
    }
}

/// A town with its doors.
pub(crate) struct Place {
    pub(crate) data: TestData,
    pub(crate) server: TownServer,
    pub(crate) service: Service,
    door: Option<Door>,
    address: SocketAddr,
    /// Where people come in, `https://127.0.0.1:port`.
    pub(crate) url: String,
    /// Of whoever may everything.
    pub(crate) pass: Pass,
    /// The box at C-01.
    device: Option<Arc<Identity>>,
}

impl Place {
    async fn of(data: TestData, now: UtcMillis) -> Self {
        let server = TownServer::start(&data, now).await;
        let service = web::people(&server.rooms.app());
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let door = Door::open(data.path(), service.clone(), any, now).await;
        let pass = Pass { bearer: String::new(), cookie: String::new(), form_token: String::new() };
        let (address, url) = (door.address, format!("https://{}", door.address));
        Self { data, server, service, door: Some(door), address, url, pass, device: None }
    }

    /// The town before anybody has an account.
    pub(crate) async fn fresh() -> Self {
        Self::of(with_probe(town()), at(TODAY, "09:30")).await
    }

    /// Saturday, half past nine: C-01 plays, C-02 broke its clip off in the morning and has been silent since a quarter to nine, C-03
    /// was never there; something of the ward's own waits for approval. Each has a town of its own, all with the same two days behind it.
    pub(crate) async fn alive() -> Self {
        static LIVED: OnceCell<(Kept, Option<Arc<Identity>>)> = OnceCell::const_new();
        let live = async || {
            let place = Self::living().await;
            (place.data.keep(), place.device.clone())
        };
        let (kept, device) = LIVED.get_or_init(live).await;
        let mut place = Self::of(with_probe(kept.begin()), at(TODAY, "09:30")).await.entered().await;
        place.device.clone_from(device);
        place
    }

    async fn living() -> Self {
        let data = town();
        let more = "code,name,venue_type,kind,width,height,output,owner,territory\n\
                    C-03,Góc phố số 3,corner,managed,1920,1080,video,P2,P2\n";
        import(&data, "units", "more.csv", "code,name,kind,parent\nP2,Phường Hai,ward,HN\n");
        import(&data, "screens", "more-screens.csv", more);
        let order = std::fs::read_to_string(fixture("order.toml")).unwrap();
        import(&data, "directives", "order.toml", &order.replace("made up for the stories", "công điện mẫu, mục 2"));
        let mut place = Self::of(with_probe(data), at(FIRST, "07:00")).await;
        assert!(place.server.plan().await > 0);
        let mut first = place.server.device(&place.data, "C-01").await;
        let mut second = place.server.device(&place.data, "C-02").await;
        for until in [at(FIRST, "12:10"), at(TODAY, "07:45")] {
            place.live(&mut [&mut first, &mut second], until).await;
        }
        let clip = std::fs::read(fixture("spot.mp4")).unwrap();
        second.sim.stage.break_media(MediaHash::of(&clip), 4_000);
        place.live(&mut [&mut first, &mut second], at(TODAY, "08:45")).await;
        drop(second);
        place.live(&mut [&mut first], at(TODAY, "09:30")).await;
        first.sim.agent.heartbeat().await.unwrap();
        place.device = Some(first.identity.clone());
        place.wants("ban-tin", "Bản tin Phường Một");
        let place = place.entered().await;
        place.drafts().await;
        place
    }

    /// What somebody brings into the ward's round and sends for approval, as the form does.
    pub(crate) async fn brings(&self, who: &Pass, name: &str) {
        let file = std::fs::read(self.picture(name)).unwrap();
        let token = &who.form_token;
        let head = format!(
            "--b\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--b\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: image/png\r\n\r\n"
        );
        let form = [head.as_bytes(), &file, b"\r\n--b--\r\n"].concat();
        for (what, kind, body) in [
            ("upload", "multipart/form-data; boundary=b", form),
            ("send", "application/x-www-form-urlencoded", format!("form_token={token}").into_bytes()),
        ] {
            let request = Request::post(format!("/content/P1/{what}")).header("sec-fetch-site", "same-origin");
            let request = request.header("cookie", &who.cookie).header("content-type", kind);
            let request = request.header("content-length", body.len());
            let answer = self.service.answer(request.body(Full::new(Bytes::from(body))).unwrap()).await;
            assert_eq!(answer.status(), 303, "{what}: {name}");
        }
    }

    /// An order that somebody has begun to write: draft 1.
    async fn drafts(&self) {
        let fields = [
            ("kind", "play"),
            ("title", "Phố sạch trong ngày"),
            ("code", "phosach"),
            ("issuer", "Thành phố Hà Nội"),
            ("number", "12/CĐ-UBND"),
            ("issued", FIRST),
            ("source", "công điện"),
            ("from", "2024-09-23"),
            ("to", "2024-09-29"),
            ("target[0].unit", "HN"),
            ("target[0].link", "territory"),
            ("target[0].force", "required"),
            ("target[0].video", "video"),
            ("target[0].venue_types", "corner"),
            ("target[0].reason", "mục 2"),
            ("quota.plays", "3"),
            ("quota.per", "day"),
            ("quota.rule", "average"),
            ("quota.within", "peak"),
            ("quota.of", "screen"),
            ("quota.over", "operating-days"),
            ("min_gap_s", "300"),
            ("product.title", "Phố sạch"),
            ("product.length_s", "20"),
            ("product.variant[0].media", "notice.png"),
            ("product.variant[0].lang", "vi"),
            ("product.variant[0].shape", "any"),
            ("product.variant[0].form", "silent"),
            ("form_token", self.pass.form_token.as_str()),
        ];
        let form =
            Request::post("/orders/new").header("sec-fetch-site", "same-origin").header("cookie", &self.pass.cookie);
        let form = form.body(Full::new(Bytes::from(serde_urlencoded::to_string(fields).unwrap()))).unwrap();
        let answer = self.service.answer(form).await;
        assert_eq!(answer.headers().get("location").map(|to| to.as_bytes()), Some(b"/orders/drafts/1".as_slice()));
    }

    /// With somebody in it who may everything and has just signed in.
    async fn entered(mut self) -> Self {
        self.pass = everything(&self.server.rooms.store, self.server.rooms.clock.now()).await;
        self
    }

    /// Something of the ward's own, which somebody has to say yes to.
    pub(crate) fn wants(&self, code: &str, title: &str) {
        // the same picture under a hash of its own: what is approved already waits for nobody
        let picture = Path::new(ROOT).join("config/sample/media/mot-cua.png");
        let mut bytes = std::fs::read(picture).unwrap();
        bytes.extend(code.bytes());
        std::fs::write(self.data.path().join(format!("{code}.png")), bytes).unwrap();
        let programme = format!(
            "[[item]]\ncode = '{code}'\ntitle = '{title}'\nsample = true\nweight = 1\nturn = 1\n\
             [[item.place]]\nunit = 'P1'\n[item.product]\ntitle = '{title}'\nlength_s = 20\n\
             [[item.product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = '{code}.png'\n"
        );
        let file = self.data.path().join(format!("{code}.toml"));
        std::fs::write(&file, programme).unwrap();
        self.data.ok(&["import", "campaigns", file.to_str().unwrap()]);
    }

    /// Lets the server and these boxes live until then.
    pub(crate) async fn live(&self, devices: &mut [&mut TownDevice], until: UtcMillis) {
        while self.server.rooms.clock.now() < until {
            for device in &mut *devices {
                device.sim.meet().await;
            }
            let next = self.server.rooms.clock.now().plus_ms(900_000).min(until);
            self.server.clock.jump_to(next);
            for device in &mut *devices {
                device.sim.step_until(next);
            }
        }
        for device in devices {
            device.sim.meet().await;
        }
    }

    /// The told clock goes on a little.
    pub(crate) fn a_minute_later(&self) {
        self.server.clock.jump_to(self.server.rooms.clock.now().plus_ms(60_000));
    }

    /// A picture that nobody has seen yet, as a file.
    pub(crate) fn picture(&self, name: &str) -> PathBuf {
        let mut bytes = std::fs::read(Path::new(ROOT).join("config/sample/media/mau-tra-sen.png")).unwrap();
        bytes.extend(name.bytes()); // under a hash of its own
        let file = self.data.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    }

    /// The door is shut, and everybody's connection is gone.
    pub(crate) fn shut(&mut self) {
        self.door.take().unwrap().apart.shutdown_background();
    }

    /// And open again, at the same address.
    pub(crate) async fn reopen(&mut self) {
        let now = self.server.rooms.clock.now();
        self.door = Some(Door::open(self.data.path(), self.service.clone(), self.address, now).await);
    }

    /// An account with this role, over the ward or everywhere, signed in.
    pub(crate) async fn role(&self, role: Role, unit: Option<&str>) -> Pass {
        let name = format!("{role}-{}", unit.unwrap_or("city")).to_lowercase();
        account(&self.server.rooms.store, &name, &[(role, unit)], self.server.rooms.clock.now()).await
    }

    /// The box at C-01 answers every question for a picture with this one.
    pub(crate) async fn answer_with(&self, jpeg: &[u8]) {
        use base64::Engine as _;
        let device = Identity { server: self.server.url.clone(), ..again(self.device.as_ref().unwrap()) };
        let asked = self.server.rooms.fleet.asked(&"C-01".parse().unwrap(), 10).await.unwrap();
        for asked in asked.iter().filter(|asked| asked.answer.is_none()) {
            let answer = Answer {
                id: asked.id,
                device: device.device,
                epoch: device.epoch,
                at_ms: self.server.rooms.clock.now(),
                outcome: Outcome::Picture { jpeg: base64::engine::general_purpose::STANDARD_NO_PAD.encode(jpeg) },
            };
            let sealed = answer.seal(&SigningKey::from_seed(&device.evidence.seed()));
            let line = HttpTransport::of(&device).unwrap();
            let answer = line.send(player::Request::post("/device/v1/answers", sealed.into_bytes())).await.unwrap();
            assert_eq!(answer.status, 204);
        }
    }
}

impl Drop for Place {
    /// A runtime is not waited for inside another one.
    fn drop(&mut self) {
        if let Some(door) = self.door.take() {
            door.apart.shutdown_background();
        }
    }
}

/// Names that mean harm, or are only hard to show: markup, text that turns around, one word of 300 letters, 300 letters of words, emoji,
/// letters under letters, nothing to see.
pub(crate) const NAMES: [&str; 7] = [
    "<script>window.harmed=1</script><img src=x onerror=window.harmed=1>\"'><svg onload=window.harmed=1>",
    "Phường \u{202e}gnôc\u{2066} مدينة هانوي \u{200f}",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW\
     WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW\
     WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    "Trường Trung học phổ thông chuyên ngoại ngữ và công nghệ thông tin trực thuộc Uỷ ban nhân dân thành phố, cơ sở hai, nhà điều \
     hành, tầng một, sảnh chính phía bên trái của cửa vào dành cho khách, cạnh quầy tiếp nhận hồ sơ một cửa liên thông, nơi có \
     bảng thông báo điện tử cỡ lớn treo tường đã lắp năm ngoái",
    "🧑🏽‍🚀🏳️‍🌈👩‍👩‍👧‍👦 Nhà văn hoá 🎭",
    "Z̷̡̛a̴l̵g̶o̷ Phư\u{031b}\u{0323}ờng \u{0301}\u{0301}\u{0301}\u{0301}",
    "\u{200b}\u{2060}\u{202e}",
];

impl Place {
    /// Everything that has a name has one of [`NAMES`].
    pub(crate) async fn hostile() -> Self {
        let data = town();
        let name = |i: usize| format!("\"{}\"", NAMES[i % NAMES.len()].replace('"', "\"\""));
        let wards: String = (1..=NAMES.len()).map(|i| format!("P{i},{},ward,HN\n", name(i - 1))).collect();
        import(&data, "units", "u.csv", &format!("code,name,kind,parent\n{wards}"));
        let head = "code,name,address,venue_type,kind,width,height,output,owner,territory\n";
        let row = |i: usize| {
            let owner = if i < 3 { 1 } else { i % NAMES.len() + 1 }; // the first two are somebody's already
            format!("C-{i:02},{},{},corner,managed,1920,1080,video,P{owner},P1\n", name(i), name(i + 1))
        };
        let rows: String = (1..=14).map(row).collect();
        import(&data, "screens", "s.csv", &(head.to_owned() + rows.as_str()));
        let text = toml::Value::String(NAMES[0].to_owned()).to_string();
        let order = std::fs::read_to_string(fixture("order.toml")).unwrap();
        import(
            &data,
            "directives",
            "o.toml",
            &order.replace("\"Đường phố sạch\"", &text).replace("\"Clean streets\"", &text),
        );
        let mut place = Self::of(data, at(FIRST, "07:00")).await;
        assert!(place.server.plan().await > 0);
        let mut first = place.server.device(&place.data, "C-01").await;
        place.live(&mut [&mut first], at(TODAY, "09:30")).await;
        first.sim.agent.heartbeat().await.unwrap();
        place.device = Some(first.identity.clone());
        place.wants("ban-tin", "Bản tin Phường Một");
        place.entered().await
    }

    /// So many screens in 126 wards, and nothing else of them than that they are there.
    pub(crate) async fn large(screens: usize) -> Self {
        let data = bare();
        let wards: String = (1..=126).map(|i| format!("P{i},Phường số {i},ward,HN\n")).collect();
        import(&data, "units", "u.csv", &format!("code,name,kind,parent\n{wards}"));
        let row = |i: usize| {
            let ward = i % 126 + 1;
            format!("C-{i:05},Màn hình số {i},corner,managed,1920,1080,video,P{ward},P{ward}\n")
        };
        let rows: String = (1..=screens).map(row).collect();
        let head = "code,name,venue_type,kind,width,height,output,owner,territory\n";
        import(&data, "screens", "s.csv", &(head.to_owned() + rows.as_str()));
        import(&data, "directives", "o.toml", &std::fs::read_to_string(fixture("order.toml")).unwrap());
        Self::of(data, at(TODAY, "09:30")).await.entered().await
    }
}
