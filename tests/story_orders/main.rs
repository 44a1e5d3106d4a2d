//! Orders are written by form, signed by two, played and counted; drafts lose nothing, and nothing half of one is in force.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod changes;
#[path = "../common/mod.rs"]
mod common;

use bytes::Bytes;
use common::TestData;
use common::people::{Pass, account};
use common::town::{TownServer, at, import, town};
use http::{Request, StatusCode, header};
use lichphat::approval::State as Asked;
use lichphat::campaigns::CampaignStore as _;
use lichphat::people::Role;
use lichphat::web::{self, Service};
use lichphat_playlists::ids::DirectiveCode;
use lichphat_playlists::time::UtcMillis;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DAY: &str = "2024-09-20";

/// The office: the service in this process, and who works there.
struct Office {
    data: TestData,
    server: TownServer,
    service: Service,
    passes: BTreeMap<&'static str, Pass>,
}

/// What a page answered.
struct Page {
    status: StatusCode,
    to: String,
    html: String,
}

impl Office {
    /// On the day before, with two editors, two approvers, a ward's head and somebody who looks.
    async fn open() -> Self {
        let data = town();
        let server = TownServer::start(&data, at("2024-09-19", "09:00")).await;
        let service = web::service(&server.rooms.app());
        let mut passes = BTreeMap::new();
        for (name, role, unit) in [
            ("lan", Role::CityEditor, None),
            ("hoa", Role::CityEditor, None),
            ("van", Role::Approver, None),
            ("minh", Role::Approver, None),
            ("truong", Role::UnitHead, Some("P1")),
            ("xem", Role::Viewer, None),
            ("phuong", Role::Approver, Some("P1")),
        ] {
            let pass = account(&server.rooms.store, name, &[(role, unit)], at("2024-09-19", "09:00")).await;
            passes.insert(name, pass);
        }
        Self { data, server, service, passes }
    }

    async fn ask(&self, who: &str, request: http::request::Builder, body: String) -> Page {
        let request = request.header("sec-fetch-site", "same-origin").header(header::COOKIE, &self.passes[who].cookie);
        let answer = self.service.exchange(request.body(Bytes::from(body)).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let to = parts.headers.get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        Page { status: parts.status, to, html: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, who: &str, path: &str) -> Page {
        self.ask(who, Request::get(path), String::new()).await
    }

    async fn post(&self, who: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = ("form_token", self.passes[who].form_token.as_str());
        let body = serde_urlencoded::to_string([fields, &[token]].concat()).unwrap();
        self.ask(who, Request::post(path), body).await
    }

    async fn say(&self, who: &str, draft: &str, say: &str, revision: u32, words: &str) -> Page {
        self.post(who, draft, &[("say", say), ("revision", &revision.to_string()), ("words", words)]).await
    }

    /// Everybody signs in anew: it is another day.
    async fn sign_in(&self, now: UtcMillis) {
        self.server.clock.jump_to(now);
        let anew = move |tx: &rusqlite::Connection| {
            Ok(tx.execute("UPDATE session SET made_ms = ?1, seen_ms = ?1", [now.0]).map(drop)?)
        };
        self.server.rooms.store.write(anew).await.unwrap();
    }

    /// As a program of somebody who has signed in would ask.
    async fn api(&self, who: &str, request: http::request::Builder, body: &Value) -> (u16, Value) {
        let request = request.header("x-form-token", &self.passes[who].form_token);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let page = self.ask(who, request, if body.is_null() { String::new() } else { body.to_string() }).await;
        (page.status.as_u16(), serde_json::from_str(&page.html).unwrap_or(Value::Null))
    }

    async fn orders(&self) -> Vec<String> {
        let campaigns = self.server.rooms.store.campaigns().await.unwrap();
        campaigns.directives().map(|d| d.code.to_string()).collect()
    }

    async fn campaigns(&self) -> lichphat::campaigns::Campaigns {
        self.server.rooms.store.campaigns().await.unwrap()
    }

    async fn directory(&self) -> lichphat::directory::Directory {
        use lichphat::directory::DirectoryStore as _;
        self.server.rooms.store.directory().await.unwrap()
    }

    /// Raises of the town's order.
    async fn raises(&self) -> Vec<lichphat::campaigns::Override> {
        self.campaigns().await.directive(&DirectiveCode::new("clean-street").unwrap()).unwrap().overrides.clone()
    }

    /// Numbers of the documents that have changed it.
    async fn amendments(&self) -> Vec<String> {
        let campaigns = self.campaigns().await;
        let order = campaigns.directive(&DirectiveCode::new("clean-street").unwrap()).unwrap();
        order.amendment.iter().map(|a| a.number.clone()).collect()
    }

    /// What the log says was done with orders.
    async fn deeds(&self) -> Vec<String> {
        let read = |conn: &rusqlite::Connection| {
            let mut query = conn.prepare("SELECT CAST(leaf AS TEXT) FROM log_entry WHERE CAST(leaf AS TEXT) LIKE '%-order\"%' OR CAST(leaf AS TEXT) LIKE '%end-raise%' ORDER BY log_index")?;
            Ok(query.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?)
        };
        self.server.rooms.store.read(read).await.unwrap()
    }
}

/// The hash of the figures that a page shows.
fn figures_seen(html: &str) -> String {
    let rest = html.split("name=\"seen\" value=\"").nth(1).unwrap_or_else(|| panic!("no figures: {html}"));
    rest.split('"').next().unwrap().to_owned()
}

/// An order that the town's corners can play.
fn order<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let fields = [
        ("kind", "play"),
        ("title", "Phố sạch trong ngày"),
        ("code", "phosach"),
        ("issuer", "Thành phố Hà Nội"),
        ("number", "12/CĐ-UBND"),
        ("issued", "2024-09-19"),
        ("source", "công điện"),
        ("from", DAY),
        ("to", "2024-09-22"),
        ("legal_basis[0].number", "05/CĐ-UBND"),
        ("legal_basis[0].title", "vệ sinh đường phố"),
        ("target[0].unit", "HN"),
        ("target[0].link", "territory"),
        ("target[0].force", "required"),
        ("target[0].video", "video"),
        ("target[0].venue_types", "corner"),
        ("target[0].reason", "mục 2"),
        ("target[1].link", "owner"),
        ("target[1].force", "required"),
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
        ("product.variant[1].lang", "vi"),
        ("product.variant[1].shape", "any"),
    ];
    let given = |name: &str| more.iter().any(|(other, _)| *other == name);
    fields.into_iter().filter(|(name, _)| !given(name)).chain(more.iter().copied()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_written_signed_by_two_played_and_counted() {
    let office = Office::open().await;
    let look = office.post("lan", "/orders/new", &order(&[("do", "look")])).await;
    assert_eq!(look.status, 200, "{}", look.html);
    for said in
        ["2 màn hình phải thực hiện.", "id=\"count-0\" data-look role=\"status\">2 màn hình", "Thành phố Hà Nội"]
    {
        assert!(look.html.contains(said), "{said}\n{}", look.html);
    }
    assert!(office.get("lan", "/orders").await.html.contains("Soạn văn bản"));
    assert!(!office.get("lan", "/orders").await.html.contains("/orders/drafts/"), "to look keeps nothing");

    let kept = office.post("lan", "/orders/new", &order(&[])).await;
    assert_eq!((kept.status.as_u16(), kept.to.as_str()), (303, "/orders/drafts/1"), "{}", kept.html);
    let page = office.get("lan", &kept.to).await.html;
    for said in [
        "đang soạn",
        "Trung bình 3 lần/ngày, trong giờ cao điểm",
        "<strong>yêu cầu</strong>",
        "2 màn hình",
        "05/CĐ-UBND: vệ sinh đường phố",
        "/orders/drafts/1/files/",
        "Trình ký",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert!(!page.contains("Đồng ý, ban hành"), "nobody signs what was not put");
    let media = page.split("/orders/drafts/1/files/").nth(1).unwrap()[..64].to_owned();
    assert_eq!(
        office.get("van", &format!("/orders/drafts/1/files/{media}")).await.status,
        200,
        "what he signs he sees"
    );
    assert_eq!(office.say("van", "/orders/drafts/1", "approve", 1, "").await.status, 409, "not put yet");

    assert_eq!(office.say("lan", "/orders/drafts/1", "put", 1, "").await.status, 303);
    assert!(office.get("van", "/orders").await.html.contains("đang chờ ký"));
    assert!(office.get("van", "/").await.html.contains("1 dự thảo văn bản đang chờ bạn ký"), "he is told unasked");
    assert!(!office.get("lan", "/").await.html.contains("chờ bạn ký"), "she has said so");
    assert_eq!(office.say("lan", "/orders/drafts/1", "approve", 1, "").await.status, 303, "once more changes nothing");
    assert!(!office.orders().await.contains(&"phosach".to_owned()), "one is not two");
    let signed = office.say("van", "/orders/drafts/1", "approve", 1, "31/QĐ").await;
    assert_eq!((signed.status.as_u16(), signed.to.as_str()), (303, "/orders/phosach"), "{}", signed.html);
    assert!(office.orders().await.contains(&"phosach".to_owned()));

    // his yes counts for its pictures, too; the second one there is somebody else's
    let approvals = &office.server.rooms.approvals;
    let proposal = approvals.proposals().await.unwrap().pop().unwrap();
    assert_eq!((proposal.brought_by.as_str(), proposal.state), ("lan", Asked::Open));
    assert_eq!(proposal.said.iter().map(|s| s.by.as_str()).collect::<Vec<_>>(), ["van"]);
    let path = format!("/approvals/{}", proposal.number);
    assert_eq!(office.post("minh", &path, &[("say", "approve"), ("words", "")]).await.status, 303);
    assert!(office.server.plan().await > 0, "plans follow");

    let mut device = office.server.device(&office.data, "C-01").await;
    device.sim.clock.advance_to(at(DAY, "07:50"));
    office.server.clock.jump_to(at(DAY, "07:50"));
    office.server.live(&mut device, at(DAY, "12:10")).await;
    device.sim.stop().await;
    office.sign_in(at(DAY, "12:15")).await;
    let html = office.get("xem", "/orders/phosach").await.html;
    for said in ["đang thực hiện", "đã duyệt", "1 trong 2 màn hình đã có lượt phát được tính đầu tiên"]
    {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let deeds = office.deeds().await.join("\n");
    for said in ["put-order", "publish-order", "yes: lan, van", "31/QĐ", "order phosach"] {
        assert!(deeds.contains(said), "{said}\n{deeds}");
    }
    office.data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost() {
    let office = Office::open().await;
    let hostile = "<script>alert(1)</script>\u{202e}đến\u{2069}";
    let fields = order(&[
        ("title", hostile),
        ("issuer", "Hà Lội"),
        ("from", "2024-09-19"),
        ("to", "2024-09-10"),
        ("target[0].unit", "<b>P9</b>"),
        ("quota.plays", "nhiều"),
        ("product.length_s", "15"),
        ("product.variant[0].media", "khong-co.png"),
    ]);
    let looked = office.post("lan", "/orders/new", &[&fields[..], &[("do", "look")]].concat()).await.html;
    for said in [
        "Không có đơn vị", // the nearest is named
        "phải là số nguyên từ 0 đến",
        "không có tệp nào mang tên hoặc mã này trong kho",
        "value=\"Hà Lội\"",
        "value=\"nhiều\"",
        "value=\"khong-co.png\"",
        "&#60;b&#62;P9&#60;/b&#62;",
    ] {
        assert!(looked.to_lowercase().contains(&said.to_lowercase()), "{said}\n{looked}");
    }
    assert!(!looked.contains("<script>alert") && !looked.contains("<b>P9"), "{looked}");
    // it is kept all the same, and says what is missing; nobody can put it
    let kept = office.post("lan", "/orders/new", &fields).await;
    assert_eq!(kept.to, "/orders/drafts/1");
    let page = office.get("lan", "/orders/drafts/1").await.html;
    assert!(page.contains("Còn phải sửa trước khi trình") && page.contains("Cơ quan ban hành"), "{page}");
    assert!(!page.contains("name=\"say\" value=\"put\"") && !page.contains('\u{202e}'), "{page}");
    assert_eq!(office.say("lan", "/orders/drafts/1", "put", 1, "").await.status, 409);

    // the rules of an import, and those of what lies ahead
    let ways: &[(&[(&str, &str)], &str)] = &[
        (&[("from", "2024-09-19")], "phải từ ngày mai trở đi"),
        (&[("to", "2024-09-19")], "ngày cuối trước ngày đầu"),
        (&[("code", "clean-street-2"), ("min_gap_s", "5")], "phải ít nhất bằng thời lượng sản phẩm"),
        (&[("code", "safe-loop")], "mã này đã dùng cho"),
        (&[("code", "new")], "mã này dành riêng"),
        (&[("target[0].reason", "")], "ghi nguyên văn hoặc mục trong văn bản"),
        (&[("priority", "9")], "từ 1 (trước hết) đến 3"),
        (&[("product.variant[0].lang", "viet")], "hai chữ thường"),
        (&[("quota.per", "hour")], "chọn một giá trị trong danh sách"),
        (&[("weight", "3")], "ghi hoặc quota"),
    ];
    for (more, said) in ways {
        let more = [more, &[("do", "look")][..]].concat();
        let html = office.post("lan", "/orders/new", &order(&more)).await.html;
        assert!(html.contains(said), "{more:?}: {said}\n{html}");
        let english = office.post("lan", "/orders/new?lang=en", &order(&more)).await.html;
        assert!(!english.contains(said), "{said} in English");
    }
    let odd = office.post("lan", "/orders/new", &order(&[("amendment[0].to", "2030-01-01")])).await;
    assert_eq!(odd.status, 400, "no form has such a field");
    let long = "x".repeat(3_000);
    assert_eq!(office.post("lan", "/orders/new", &order(&[("note", &long)])).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_editors_lose_nothing_and_the_later_one_sees_both() {
    let office = Office::open().await;
    office.post("lan", "/orders/new", &order(&[])).await;
    let edit = "/orders/drafts/1/edit";
    let of = |revision: &'static str, more: &[(&'static str, &'static str)]| {
        order(&[more, &[("revision", revision)]].concat())
    };
    let lan = office.post("lan", edit, &of("1", &[("title", "Phố sạch, bản của Lan"), ("quota.plays", "4")])).await;
    assert_eq!(lan.to, "/orders/drafts/1", "{}", lan.html);
    let hoa = office.post("hoa", edit, &of("1", &[("title", "Phố sạch, bản của Hoa"), ("note", "Hoa thêm")])).await;
    assert_eq!(hoa.status, 409);
    for said in [
        "value=\"Phố sạch, bản của Hoa\"",
        "Người kia ghi: Phố sạch, bản của Lan",
        "name=\"quota.plays\" type=\"text\" value=\"4\"", // what only the other changed is in
        "Hoa thêm",
        "name=\"revision\" value=\"2\"",
    ] {
        assert!(hoa.html.contains(said), "{said}\n{}", hoa.html);
    }
    assert!(
        !office.get("lan", "/orders/drafts/1").await.html.contains("Hoa thêm"),
        "nothing is kept before she has seen it"
    );
    let both = of("2", &[("title", "Phố sạch"), ("quota.plays", "4"), ("note", "Hoa thêm")]);
    assert_eq!(office.post("hoa", edit, &both).await.to, "/orders/drafts/1");

    // both have written it: their two words are not two people's
    assert_eq!(office.say("lan", "/orders/drafts/1", "put", 3, "").await.status, 303);
    let second = office.say("hoa", "/orders/drafts/1", "approve", 3, "").await;
    assert_eq!(second.status, 409);
    assert!(second.html.contains("người thứ hai phải là người không soạn"), "{}", second.html);

    // a word is one on what was looked at; a change begins anew
    let late = of("3", &[("title", "Phố sạch"), ("quota.plays", "5")]);
    assert_eq!(office.post("lan", edit, &late).await.status, 303);
    assert_eq!(office.say("van", "/orders/drafts/1", "approve", 3, "").await.status, 409, "it was changed");
    assert_eq!(office.say("van", "/orders/drafts/1", "approve", 4, "").await.status, 409, "and has to be put anew");
    office.say("lan", "/orders/drafts/1", "put", 4, "").await;
    assert_eq!(office.say("van", "/orders/drafts/1", "refuse", 4, "").await.status, 409, "a no needs its reason");
    assert_eq!(office.say("van", "/orders/drafts/1", "refuse", 4, "sai số lượt").await.status, 303);
    let page = office.get("lan", "/orders/drafts/1").await.html;
    assert!(page.contains("bị trả lại") && page.contains("sai số lượt"), "{page}");
    assert_eq!(
        office.say("minh", "/orders/drafts/1", "approve", 4, "").await.status,
        409,
        "a refused one is not signed"
    );
    let again = office.say("lan", "/orders/drafts/1", "put", 4, "").await;
    assert_eq!(again.status, 409, "nor put again as it stands");
    assert!(again.html.contains("đã bị từ chối đúng như đang có"), "{}", again.html);
    assert!(!office.orders().await.contains(&"phosach".to_owned()), "nothing half of it is in force");
    // the day comes before the second yes
    office.say("lan", "/orders/drafts/1", "put", 4, "").await;
    office.sign_in(at(DAY, "07:00")).await;
    let late = office.say("van", "/orders/drafts/1", "approve", 4, "").await;
    assert_eq!(late.status, 409);
    assert!(late.html.contains("phải từ ngày mai trở đi"), "{}", late.html);
    assert_eq!(office.say("lan", "/orders/drafts/1", "drop", 4, "").await.status, 303);
    assert_eq!(office.post("lan", edit, &of("4", &[])).await.status, 409, "what was dropped is not written on");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_part_in_it_finds_no_draft_and_no_button() {
    let office = Office::open().await;
    office.post("lan", "/orders/new", &order(&[])).await;
    office.say("lan", "/orders/drafts/1", "put", 1, "").await;
    for who in ["xem", "truong", "phuong"] {
        assert_eq!(office.get(who, "/orders/drafts/1").await.status, 404, "{who}");
        assert_eq!(office.say(who, "/orders/drafts/1", "approve", 1, "").await.status, 404, "{who}");
        assert_eq!(office.get(who, "/orders/new").await.status, 403, "{who}");
        assert_eq!(office.post(who, "/orders/new", &order(&[])).await.status, 403, "{who}");
        let list = office.get(who, "/orders").await.html;
        assert!(!list.contains("Phố sạch trong ngày") && !list.contains("Soạn văn bản"), "{who}: {list}");
    }
    for who in ["van", "minh"] {
        assert!(office.get(who, "/orders/drafts/1").await.html.contains("Đồng ý, ban hành"), "{who}");
        assert_eq!(office.post(who, "/orders/drafts/1/edit", &order(&[("revision", "1")])).await.status, 403, "{who}");
    }
    // whose role ends has not signed: the other's yes stands alone
    let gone = |tx: &rusqlite::Connection| {
        Ok(tx.execute("UPDATE account_grant SET revoked_ms = 1 WHERE account = 'lan'", []).map(drop)?)
    };
    office.server.rooms.store.write(gone).await.unwrap();
    let page = office.say("van", "/orders/drafts/1", "approve", 1, "").await;
    assert_eq!(page.to, "/orders/drafts/1", "{}", page.html);
    assert!(!office.orders().await.contains(&"phosach".to_owned()));
    assert_eq!(office.say("minh", "/orders/drafts/1", "approve", 1, "").await.to, "/orders/phosach");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_is_written_by_form_signed_by_two_and_stands_on_the_orders_page() {
    let office = Office::open().await;
    import(
        &office.data,
        "directives",
        "order.toml",
        &std::fs::read_to_string(common::town::fixture("order.toml")).unwrap(),
    );
    let fields = [
        ("kind", "suspend"),
        ("title", "Quốc tang"),
        ("code", "quoctang"),
        ("issuer", "HN"),
        ("number", "77/CĐ-TTg"),
        ("source", "công điện"),
        ("from", DAY),
        ("to", DAY),
        ("suspend.content", "order"),
        ("suspend.content", "contract"),
        ("suspend.in_place", "blank"),
        ("suspend.days", "make-good"),
        ("suspend.hours", "08:00-10:00"),
        ("target[0].unit", "HN"),
        ("target[0].link", "territory"),
        ("target[0].force", "required"),
        ("target[0].reason", "điểm 1"),
    ];
    assert!(office.get("lan", "/orders/new?kind=suspend").await.html.contains("Dừng những gì"));
    let kept = office.post("lan", "/orders/new", &fields).await;
    assert_eq!(kept.to, "/orders/drafts/1", "{}", kept.html);
    let page = office.get("lan", &kept.to).await.html;
    for said in ["văn bản khác, hợp đồng", "phát bù vào ngày khác", "08:00-10:00", "77/CĐ-TTg"] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    office.say("lan", &kept.to, "put", 1, "").await;
    assert_eq!(office.say("van", &kept.to, "approve", 1, "").await.to, "/orders/quoctang");
    let page = office.get("xem", "/orders/clean-street").await.html;
    assert!(page.contains("Tạm dừng liên quan") && page.contains("Quốc tang (77/CĐ-TTg)"), "{page}");
    let bad =
        [&fields[..8], &[("suspend.in_place", "mute"), ("suspend.hours", "08:00-10:00"), ("do", "look")]].concat();
    let html = office.post("lan", "/orders/new", &bad).await.html;
    assert!(
        html.contains("chỉ in_place = &#34;blank&#34; mới đặt theo giờ") || html.contains("mới đặt theo giờ"),
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_screen_plays_is_written_by_form_too() {
    let office = Office::open().await;
    let declared = [
        ("declared[0].channel", "Báo in, báo điện tử"),
        ("declared[0].obliged", "Các cơ quan báo chí"),
        ("declared[0].reason", "mục 3"),
        ("declared[0].quota.plays", "1"),
        ("declared[0].quota.per", "month"),
        ("declared[0].quota.rule", "at-least"),
        ("declared[1].channel", "Phát thanh"),
    ];
    let half = office.post("lan", "/orders/new", &order(&[&declared[..], &[("do", "look")]].concat())).await.html;
    assert!(half.contains("value=\"Phát thanh\"") && half.contains("chưa ghi"), "the second line is half: {half}");
    let kept = office.post("lan", "/orders/new", &order(&declared[..6])).await;
    office.say("lan", &kept.to, "put", 1, "").await;
    assert_eq!(office.say("van", &kept.to, "approve", 1, "").await.to, "/orders/phosach", "{}", kept.html);
    let page = office.get("xem", "/orders/phosach").await.html;
    assert!(page.contains("Báo in, báo điện tử: Các cơ quan báo chí (mục 3)"), "{page}");
    let text = office.get("xem", "/orders/phosach/document").await.html;
    assert!(text.contains("[[declared]]") && text.contains("per = \"month\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_does_what_the_pages_do() {
    let office = Office::open().await;
    let fields: BTreeMap<&str, &str> = order(&[]).into_iter().collect();
    let drafts = "/api/v1/order-drafts";
    let (status, kept) = office.api("lan", Request::post(drafts), &json!({ "fields": fields })).await;
    assert_eq!((status, &kept["number"], &kept["mistakes"]), (200, &json!(1), &json!([])), "{kept}");
    let one = format!("{drafts}/1");
    let mut worse = fields.clone();
    worse.insert("to", "2024-09-01");
    let write = |revision: u32, fields: &BTreeMap<&str, &str>| json!({ "revision": revision, "fields": fields });
    let (status, kept) = office.api("hoa", Request::put(&one), &write(1, &worse)).await;
    assert_eq!((status, &kept["revision"], &kept["mistakes"][0]["field"]), (200, &json!(2), &json!("to")), "{kept}");
    let (status, no) = office.api("lan", Request::put(&one), &write(1, &fields)).await;
    assert_eq!((status, &no["type"]), (409, &json!("changed-meanwhile")), "{no}");
    let words = format!("{one}/words");
    let say = |say: &str, revision: u32| json!({ "say": say, "revision": revision, "words": "5/QĐ" });
    let (status, no) = office.api("lan", Request::post(&words), &say("put", 2)).await;
    assert_eq!((status, &no["type"]), (422, &json!("bad-order")), "{no}");
    office.api("lan", Request::put(&one), &write(2, &fields)).await;
    assert_eq!(office.api("lan", Request::post(&words), &say("put", 3)).await.1["state"], "put");
    assert_eq!(office.api("xem", Request::get(&one), &Value::Null).await.0, 404);
    assert_eq!(office.api("xem", Request::get(drafts), &Value::Null).await.1["items"], json!([]));
    let (status, done) = office.api("van", Request::post(&words), &say("approve", 3)).await;
    assert_eq!((status, &done["state"], &done["order"]), (200, &json!("published"), &json!("phosach")), "{done}");
    assert_eq!(office.api("minh", Request::post(&words), &say("approve", 3)).await.0, 409, "once is enough");

    let raises = "/api/v1/orders/phosach/raises";
    let raise = |plays: u32| json!({ "unit": "P1", "plays": plays, "from": DAY, "number": "9/QĐ" });
    let (status, no) = office.api("truong", Request::post(raises), &raise(2)).await;
    assert!(status == 422 && no["detail"].as_str().unwrap().contains("12/CĐ-UBND"), "the rule is cited: {no}");
    assert_eq!(office.api("van", Request::post(raises), &raise(9)).await.0, 403);
    let (status, blind) = office.api("truong", Request::post(raises), &raise(9)).await;
    assert_eq!((status, &blind["type"]), (409, &json!("not-seen")), "{blind}");
    let (status, mut looked) = office.api("truong", Request::post(format!("{raises}?dry_run=true")), &raise(9)).await;
    let seen = looked["seen"].take();
    let figures = json!({ "screens": 2, "more": 2, "before": 3, "can": 2, "lacks": 0, "others": 0, "seconds": 0, "seen": null, "dry_run": true });
    assert_eq!((status, looked), (200, figures));
    let with = |plays: u32, seen: &Value| {
        let mut body = raise(plays);
        body["seen"] = seen.clone();
        body
    };
    assert_eq!(
        office.api("truong", Request::post(raises), &with(8, &seen)).await.0,
        409,
        "it is bound to what was seen"
    );
    assert_eq!(office.api("truong", Request::post(raises), &with(9, &seen)).await.1["dry_run"], false);
    let end = |to: &str| json!({ "to": to, "number": "10/QĐ" });
    for (who, raise, to, status) in [
        ("van", 1, DAY, 403),
        ("truong", 2, DAY, 404),
        ("truong", 1, "2024-09-22", 422),
        ("truong", 1, "2024-09-18", 422),
    ] {
        let no = office.api(who, Request::post(format!("{raises}/{raise}/end")), &end(to)).await;
        assert_eq!(no.0, status, "{who} {raise} {to} {}", no.1);
    }
    let (status, ended) = office.api("truong", Request::post(format!("{raises}/1/end")), &end("2024-09-21")).await;
    let row =
        json!({ "raise": 1, "unit": "P1", "plays": 9, "from": DAY, "to": "2024-09-21", "numbers": ["9/QĐ", "10/QĐ"] });
    assert_eq!((status, ended), (200, row.clone()));
    assert_eq!(office.api("xem", Request::get(raises), &Value::Null).await.1["items"], json!([row]));
    let delivery = "/api/v1/orders/phosach/delivery";
    assert_eq!(office.api("xem", Request::get(delivery), &Value::Null).await.1["type"], "no-delivery");
    office.sign_in(at(DAY, "07:00")).await;
    let (status, delivered) = office.api("xem", Request::get(delivery), &Value::Null).await;
    assert_eq!((status, &delivered["screens"], &delivered["reached"]), (200, &json!(2), &json!(0)), "{delivered}");
}
