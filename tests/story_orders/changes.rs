//! What changes an order in force: raises by heads of units, and amendments by two signatures.

use super::*;

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
