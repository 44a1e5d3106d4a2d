//! Orders are written by form, signed by two, played and counted; drafts lose nothing, and nothing half of one is in force.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

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
async fn a_units_head_raises_the_number_and_never_lowers_it() {
    let office = Office::open().await;
    import(
        &office.data,
        "directives",
        "order.toml",
        &std::fs::read_to_string(common::town::fixture("order.toml")).unwrap(),
    );
    let path = "/orders/clean-street/raise";
    assert!(office.get("truong", "/orders/clean-street").await.html.contains(path), "one step from the order");
    assert!(!office.get("xem", "/orders/clean-street").await.html.contains(path));
    assert!(office.get("truong", path).await.html.contains("value=\"P1\""));
    let of = |plays: &'static str, what: &'static str| {
        [("unit", "P1"), ("plays", plays), ("from", "2024-09-21"), ("to", ""), ("number", "9/QĐ-UBND"), ("do", what)]
    };
    for plays in ["4", "3", "0"] {
        let low = office.post("truong", path, &of(plays, "save")).await;
        assert_eq!(low.status, 422);
        for said in ["phải lớn hơn 4", "thủ trưởng đơn vị chỉ có quyền quyết định tăng, theo văn bản: Đường phố sạch"]
        {
            assert!(low.html.contains(said), "{said}\n{}", low.html);
        }
        assert!(
            low.html.contains(&format!("value=\"{plays}\"")) && low.html.contains("9/QĐ-UBND"),
            "nothing typed is lost"
        );
    }
    let look = office.post("truong", path, &of("6", "look")).await.html;
    assert!(look.contains("2 trong 2 màn hình của đơn vị sẽ phải phát nhiều hơn: từ 4 lên 6 lần."), "{look}");
    assert!(look.contains("Đã tính trên các ngày từ 21/09/2024 đến 22/09/2024."), "the days of the raise: {look}");
    let before = office.server.rooms.store.campaigns().await.unwrap();
    assert!(
        before.directive(&DirectiveCode::new("clean-street").unwrap()).unwrap().overrides.is_empty(),
        "to look does nothing"
    );
    for (who, status) in [("van", 403), ("xem", 403), ("lan", 403), ("phuong", 403)] {
        assert_eq!(office.post(who, path, &of("6", "save")).await.status, status, "{who}");
    }
    assert!(look.contains("2 màn hình phát đủ được.") && look.contains(">Quyết định tăng</button>"), "{look}");
    let seen = figures_seen(&look);
    let save = |plays: &'static str, seen: &str| {
        let fields = of(plays, "save").into_iter().chain([("seen", seen)]).map(|(n, v)| (n.to_owned(), v.to_owned()));
        fields.collect::<Vec<_>>()
    };
    // whoever has not looked, or has looked at another one, is shown what it does first
    for (plays, seen) in [("6", ""), ("6", "00"), ("7", seen.as_str())] {
        let fields = save(plays, seen);
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let blind = office.post("truong", path, &fields).await;
        assert_eq!(blind.status, 409, "{plays} {seen}");
        let shown = format!("từ 4 lên {plays} lần");
        assert!(blind.html.contains(&shown) && blind.html.contains("hãy xem quyết định tăng này"), "{}", blind.html);
    }
    assert!(office.raises().await.is_empty(), "nothing was decided");
    let mut foreign = of("6", "save");
    foreign[0].1 = "HN";
    assert_eq!(office.post("truong", path, &foreign).await.status, 404, "the city is not his");
    let mut past = of("6", "save");
    past[2].1 = "2024-09-18";
    assert_eq!(office.post("truong", path, &past).await.status, 422, "not on a day that has no order");
    assert_eq!(office.post("truong", path, &of("100001", "look")).await.status, 422, "no number without a ceiling");
    let fields = save("6", &seen);
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let done = office.post("truong", path, &fields).await;
    assert_eq!(done.to, "/orders/clean-street#changes", "{}", done.html);
    let page = office.get("xem", "/orders/clean-street").await.html;
    assert!(page.contains("Phường Một: Trung bình 6 lần/ngày") && page.contains("9/QĐ-UBND"), "{page}");
    let again = office.post("truong", path, &of("5", "save")).await;
    assert!(again.status == 422 && again.html.contains("theo quyết định trước"), "{}", again.html);
    let deeds = office.deeds().await.join("");
    assert!(deeds.contains("raise-order") && deeds.contains(&format!("figures seen {seen}")), "{deeds}");

    // what a page gives as a file is what an import takes, and the same order
    let text = office.get("xem", "/orders/clean-street/document").await.html;
    let file = office.data.path().join("again.toml");
    std::fs::write(&file, &text).unwrap();
    let told = office.data.ok(&["import", "directives", file.to_str().unwrap(), "--format", "json"]);
    assert!(told.contains("\"unchanged\": 1") || told.contains("\"unchanged\":1"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raise_ends_sooner_by_a_later_decision_and_the_days_before_stay_as_they_were() {
    let office = Office::open().await;
    let order_file = std::fs::read_to_string(common::town::fixture("order.toml")).unwrap();
    import(&office.data, "directives", "order.toml", &order_file);
    let path = "/orders/clean-street/raise";
    let fields = [("unit", "P1"), ("plays", "6"), ("from", "2024-09-20"), ("to", ""), ("number", "9/QĐ")];
    let look = office.post("truong", path, &fields).await.html;
    let seen = figures_seen(&look);
    office.post("truong", path, &[&fields[..], &[("seen", &seen), ("do", "save")]].concat()).await;
    assert_eq!(office.raises().await.len(), 1);
    office.sign_in(at("2024-09-21", "11:00")).await;
    let html = office.get("truong", path).await.html;
    assert!(html.contains("Kết thúc sớm") && html.contains("9/QĐ"), "{html}");
    assert!(!office.get("lan", path).await.html.contains("Kết thúc sớm"), "nobody else's");
    let end = |to: &'static str, number: &'static str| [("raise", "0"), ("to", to), ("number", number), ("do", "end")];
    let last = office.raises().await[0].last();
    for (to, number, said) in [
        ("2024-09-20", "10/QĐ", "không sửa quá khứ: phải từ hôm nay 2024-09-21 trở đi"),
        ("2030-01-01", "10/QĐ", "phải trước ngày cuối hiện tại"),
        ("2024-09-21", "", "ghi số quyết định"),
        ("", "10/QĐ", "2024"),
    ] {
        let no = office.post("truong", path, &end(to, number)).await;
        assert_eq!(no.status, 422, "{to} {number}");
        assert!(no.html.contains(said) && no.html.contains("<details open>"), "{said}\n{}", no.html);
        assert!(number.is_empty() || no.html.contains(number), "what he wrote stands: {}", no.html);
    }
    assert_eq!(office.raises().await[0].last(), last);
    assert_eq!(office.post("van", path, &end("2024-09-21", "10/QĐ")).await.status, 403);
    let mut other = end("2024-09-21", "10/QĐ");
    other[0].1 = "7";
    assert_eq!(office.post("truong", path, &other).await.status, 422, "there is no such raise");
    let done = office.post("truong", path, &end("2024-09-21", "10/QĐ")).await;
    assert_eq!(done.to, "/orders/clean-street#changes", "{}", done.html);
    let page = office.get("xem", "/orders/clean-street").await.html;
    assert!(page.contains("kết thúc sớm vào ngày 21/09/2024 (10/QĐ)"), "{page}");
    let (campaigns, directory) = (office.campaigns().await, office.directory().await);
    let order = campaigns.directive(&DirectiveCode::new("clean-street").unwrap()).unwrap();
    let screen = directory.screens().find(|s| s.code.as_str() == "C-01").unwrap();
    let plays = |day: &str| order.quota_on(&directory, screen, day.parse().unwrap()).map(|(q, _)| q.plays);
    assert_eq!(["2024-09-20", "2024-09-21", "2024-09-22"].map(plays), [Some(6), Some(6), Some(4)]);
    assert!(office.deeds().await.join("").contains("end-raise"));
    // the order as a file holds it, and a file cannot take back what is over
    let text = office.get("xem", "/orders/clean-street/document").await.html;
    let file = office.data.path().join("again.toml");
    std::fs::write(&file, &text).unwrap();
    let told = office.data.ok(&["import", "directives", file.to_str().unwrap(), "--format", "json"]);
    assert!(told.contains("\"unchanged\": 1") || told.contains("\"unchanged\":1"), "{told}");
}

/// A change of the town's order.
fn amendment<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("kind", "amend"),
        ("amends", "clean-street"),
        ("title", "Sửa đổi, bổ sung: Đường phố sạch"),
        ("amendment.number", "20/CĐ-UBND"),
        ("amendment.date", "2024-09-19"),
    ];
    for field in fields {
        all.retain(|(name, _)| *name != field.0);
        all.push(*field);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_order_is_amended_by_form_and_by_two() {
    let office = Office::open().await;
    let order_file = std::fs::read_to_string(common::town::fixture("order.toml")).unwrap();
    import(&office.data, "directives", "order.toml", &order_file);
    let link = "/orders/new?amends=clean-street";
    assert!(office.get("lan", "/orders/clean-street").await.html.contains(link), "one step from the order");
    assert!(!office.get("xem", "/orders/clean-street").await.html.contains(link));
    let blank = office.get("lan", link).await.html;
    assert!(
        blank.contains("Soạn văn bản sửa đổi, bổ sung") && blank.contains("name=\"amends\" value=\"clean-street\""),
        "{blank}"
    );
    assert_eq!(office.get("lan", "/orders/new?amends=nothing").await.status, 404);
    assert_eq!(office.get("xem", link).await.status, 403);

    let look = |fields: &[(&'static str, &'static str)]| amendment(&[fields, &[("do", "look")]].concat());
    for (fields, said) in [
        (
            &[("amendment.kind", "raise"), ("amendment.from", "2024-09-20"), ("amendment.plays", "3")][..],
            "phải lớn hơn 4",
        ),
        (
            &[("amendment.kind", "raise"), ("amendment.from", "2024-09-18"), ("amendment.plays", "9")],
            "không sửa quá khứ",
        ),
        (&[("amendment.kind", "extend"), ("amendment.to", "2024-09-01")], "phải sau ngày cuối hiện tại"),
        (
            &[("amendment.kind", "end"), ("amendment.to", "2024-09-21"), ("amendment.plays", "9")],
            "loại thay đổi này không có ô này",
        ),
        (&[("amendment.kind", "extend"), ("amendment.to", "2030-01-01"), ("amendment.number", "")], "chưa ghi"),
        (&[("amends", "nothing"), ("amendment.to", "2030-01-01")], "không có văn bản mang mã này"),
    ] {
        let html = office.post("lan", "/orders/new", &look(fields)).await.html;
        assert!(html.contains(said), "{said}\n{html}");
    }
    let raises = [("amendment.kind", "raise"), ("amendment.from", "2024-09-21"), ("amendment.plays", "5")];
    let looked = office.post("lan", "/orders/new", &look(&raises)).await.html;
    assert!(looked.contains("màn hình phải thực hiện"), "what it would do: {looked}");
    let kept = office.post("lan", "/orders/new", &amendment(&raises)).await;
    assert_eq!(kept.to, "/orders/drafts/1", "{}", kept.html);
    let page = office.get("lan", "/orders/drafts/1").await.html;
    assert!(page.contains("20/CĐ-UBND: tăng lên 5 lần từ ngày 21/09/2024"), "{page}");
    assert!(office.get("lan", "/orders/drafts/1/edit").await.html.contains("value=\"20/CĐ-UBND\""));
    office.say("lan", "/orders/drafts/1", "put", 1, "").await;
    assert!(office.amendments().await.is_empty(), "one signature changes nothing");
    assert_eq!(office.say("lan", "/orders/drafts/1", "approve", 1, "").await.to, "/orders/drafts/1");
    assert!(office.amendments().await.is_empty(), "and one person is one");
    assert_eq!(office.say("van", "/orders/drafts/1", "approve", 1, "41/QĐ").await.to, "/orders/clean-street");
    assert_eq!(office.amendments().await, ["20/CĐ-UBND"]);
    let page = office.get("xem", "/orders/clean-street").await.html;
    assert!(page.contains("20/CĐ-UBND: tăng lên 5 lần từ ngày 21/09/2024"), "{page}");
    assert!(office.deeds().await.join("").contains("amend-order"));
    // another one beside a draft that waits: both stand, in the order in which they were signed
    let ends = [("amendment.kind", "end"), ("amendment.to", "2024-09-21"), ("amendment.number", "21/CĐ-UBND")];
    let kept = office.post("hoa", "/orders/new", &amendment(&ends)).await;
    office.say("hoa", &kept.to, "put", 1, "").await;
    assert_eq!(office.say("minh", &kept.to, "approve", 1, "").await.to, "/orders/clean-street", "{}", kept.html);
    assert_eq!(office.amendments().await, ["20/CĐ-UBND", "21/CĐ-UBND"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_said_yes_to_an_amendment_of_an_order_that_changed_since_is_asked_again() {
    let office = Office::open().await;
    let order_file = std::fs::read_to_string(common::town::fixture("order.toml")).unwrap();
    import(&office.data, "directives", "order.toml", &order_file);
    let write = async |fields: &[(&'static str, &'static str)]| {
        let kept = office.post("lan", "/orders/new", &amendment(fields)).await;
        office.say("lan", &kept.to, "put", 1, "").await;
        kept.to
    };
    let extends = [("amendment.kind", "extend"), ("amendment.to", "2024-12-30"), ("amendment.number", "30/CĐ-UBND")];
    let wrong = amendment(&[&extends[..], &[("amendment.date", "2062-09-19"), ("do", "look")]].concat());
    let html = office.post("lan", "/orders/new", &wrong).await.html;
    assert!(html.contains("ngày ban hành không thể sau hôm nay 2024-09-19"), "one slip would shut the order: {html}");

    let first = write(&extends).await;
    let raises = [("amendment.kind", "raise"), ("amendment.from", "2024-09-21"), ("amendment.plays", "5")];
    let second = write(&raises).await;
    assert_eq!(office.say("van", &second, "approve", 1, "").await.to, "/orders/clean-street");
    let page = office.get("lan", &first).await.html;
    assert!(page.contains("Văn bản gốc đã thay đổi sau đó: cần đồng ý lại."), "{page}");
    assert_eq!(office.say("van", &first, "approve", 1, "").await.to, first, "one yes to the document as it is now");
    assert_eq!(office.amendments().await, ["20/CĐ-UBND"]);
    assert_eq!(office.say("lan", &first, "approve", 1, "").await.to, "/orders/clean-street");
    assert_eq!(office.amendments().await, ["20/CĐ-UBND", "30/CĐ-UBND"]);

    // and its further days are put to people like anything that is to be shown
    let until = Some("2024-12-30".parse().unwrap());
    let proposals = office.server.rooms.approvals.proposals().await.unwrap();
    assert!(proposals.iter().any(|p| p.draft.permit.until == until), "{proposals:?}");
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
