//! The ward's own report: its officer explains it, its head closes it, and the paper that he signs says what the page says.

use super::cast::WARD;
use super::month::{Month, ORDER};
use super::paper::{letters, packed};
use lichphat::lang::Lang;
use lichphat::report::{Data, Form};
use lichphat_playlists::ids::{Sha256Hash, UnitCode};
use lichphat_playlists::time::LocalDay;

/// What stands around the report on paper, as its head types it, and what becomes of it there.
const LETTERHEAD: &str = "number=7&symbol=BC-UBND&signer=L%C3%AA+V%C4%83n+D%C5%A9ng";
const AROUND: [&str; 2] = ["Số: 07/BC-UBND", "Lê Văn Dũng"];
const WORDS: &str = "Màn hình LED mất điện theo lịch của điện lực; đã báo trước cho Trung tâm (mẫu).";

/// The ward says why, and no figure changes; then its head closes what he sees, which its officer may not.
pub(crate) async fn closed(month: &mut Month, (from, to): (&str, &str)) {
    let of_ward = format!("period=days&from={from}&to={to}&unit={WARD}");
    let fields = [("period", "days"), ("from", from), ("to", to), ("unit", WARD)];
    let (world, officer) = (&month.world, &mut month.people.officer);
    assert!(officer.signs_in(world).await);
    let before = officer.sees(world, &format!("/reports/report.json?{of_ward}")).await.bytes;
    let page = officer.sees(world, &format!("/reports?{of_ward}")).await.html();
    let may = ["explain", "close"].map(|what| page.contains(&format!("action=\"/reports/{what}\"")));
    let said = officer.does(world, "/reports/explain", &[&fields[..], &[("words", WORDS)]].concat()).await;
    let not = officer.does(world, "/reports/close", &fields).await;

    let head = &mut month.people.head;
    assert!(head.signs_in(world).await);
    let made = head.sees(world, &format!("/reports?{of_ward}&now=1")).await.field("made");
    let done = head.does(world, "/reports/close", &[&fields[..], &[("made", &made)]].concat()).await;
    let bytes = head.sees(world, &format!("/reports/report.json?{of_ward}")).await.bytes;
    let [before, after] = [&before, &bytes].map(|bytes| serde_json::from_slice::<Data>(bytes).unwrap());
    let explained = after.explanations.iter().any(|e| e.text == WORDS && e.by.as_str() == officer.account);
    month.score.line(
        "Phường mở báo cáo của mình: cán bộ giải trình, số liệu không đổi; cán bộ không chốt được, thủ trưởng chốt (the ward explains and closes its own report)",
        "/reports, Giải trình, Chốt kỳ",
        ([true, false], 303, 403, 303, Some("dung".to_owned()), true, true),
        (
            may,
            said.status,
            not.status,
            done.status,
            after.closed.as_ref().map(|c| c.by.to_string()),
            explained,
            before.orders == after.orders && !before.orders.is_empty(),
        ),
    );
    on_paper(month, &of_ward, &after, Sha256Hash::of(&bytes)).await;
}

/// Whatever the page says in sentences stands on the paper; and page and paper say what the screens' figures come to.
async fn on_paper(month: &mut Month, of_ward: &str, data: &Data, hash: Sha256Hash) {
    let (event, by) = (
        "Báo cáo PDF của phường: tên đơn vị, kỳ, đạt, thiếu, lượt được tính, lời giải trình, mã để kiểm tra như trên trang (the ward's paper, read back)",
        "/reports/report.pdf",
    );
    if !is_there(month, event, by) {
        return;
    }
    let (world, head) = (&month.world, &mut month.people.head);
    let page = head.sees(world, &format!("/reports?{of_ward}")).await.html();
    let pdf = head.sees(world, &format!("/reports/report.pdf?{of_ward}&{LETTERHEAD}")).await.bytes;
    std::fs::write(month.artefact("report-ward.pdf"), &pdf).unwrap();
    let (sentences, paper) = (sentences(&page), letters(pdf));
    let figures = figures(data);
    let date = |day: LocalDay| day.0.format("%d/%m/%Y").to_string();
    let period = format!("từ {} đến hết {}", date(month.first), date(month.last));
    let about = [data.units[&UnitCode::new(WARD).unwrap()].vi.clone(), period, WORDS.to_owned(), hash.to_string()];
    let on_both: Vec<&String> = figures.iter().chain(&about).collect();
    let on_page = packed(&plain(&page));
    let not_on_page: Vec<&&String> = on_both.iter().filter(|words| !on_page.contains(&packed(words))).collect();
    let on_paper = on_both.iter().map(|words| words.as_str()).chain(AROUND).chain(sentences.iter().map(String::as_str));
    let not_on_paper: Vec<&str> = on_paper.filter(|words| !paper.contains(&packed(words))).collect();
    month.score.told(
        event,
        by,
        "every sentence and every figure of the page",
        &format!(
            "{} sentences, figures {figures:?}; not on the page: {not_on_page:?}; not on paper: {not_on_paper:?}",
            sentences.len()
        ),
        sentences.len() > 5 && not_on_page.is_empty() && not_on_paper.is_empty(),
    );
}

/// What the figures of the order's screens come to, as an office says it.
fn figures(data: &Data) -> [String; 2] {
    let order = data.orders.iter().find(|order| order.campaign.as_str() == ORDER).unwrap();
    let all = || order.lines.iter().map(|line| &line.figures);
    let due = || all().filter(|line| line.operating_days > 0);
    let met = due().filter(|line| line.met).count();
    let missing: u64 = due().map(|line| u64::from(line.short)).sum();
    let n = |n: u64| Lang::Vi.number(n);
    [
        format!(
            "trong {} màn hình có ngày hoạt động đã qua, {met} đạt, {} thiếu, cộng lại thiếu {} lượt",
            due().count(),
            due().count() - met,
            n(missing)
        ),
        format!("được tính {} lượt", n(all().map(|line| u64::from(line.counted)).sum())),
    ]
}

/// The sentences of a report's page, but for its lists of screens and files.
fn sentences(page: &str) -> Vec<String> {
    let report = page.split("id=\"report\"").nth(1).unwrap().split("id=\"lists\"").next().unwrap();
    let lists = report.split("<ul>").skip(1).flat_map(|list| list.split("</ul>").next().unwrap().split("<li>").skip(1));
    let alone = report.split("<p><bdi>").skip(1).map(|rest| rest.split("</bdi></p>").next().unwrap());
    lists.chain(alone).map(plain).collect()
}

/// A page's words.
fn plain(html: &str) -> String {
    let mut words = String::new();
    for piece in html.split('<') {
        words.push_str(piece.split_once('>').map_or(piece, |(_, words)| words));
    }
    let marks = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    marks.iter().fold(words, |words, (mark, sign)| words.replace(mark, sign))
}

/// The program that sets paper was built and is found; else the line says what to do.
pub(crate) fn is_there(month: &mut Month, event: &str, by: &'static str) -> bool {
    if !Form::Pdf.is_there() {
        let mend = "lichphat-paper is not on the PATH: cargo build -p lichphat-paper, and PATH=target/debug:$PATH before the test (make test and make pilot do both)";
        month.score.told(event, by, "paper", mend, false);
    }
    Form::Pdf.is_there()
}
