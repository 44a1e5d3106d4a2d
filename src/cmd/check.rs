//! `lichphat check`: audits the store against the signed bytes it holds, its log against what was published, the
//! library against its hashes, and figures of others against what they declare, like fsck. Exit code 0 only when everything agrees.

use super::{Context, output, rooms::Rooms};
use crate::approval::NEARLY_FULL_PERCENT;
use crate::directory::problem::{Say, say};
use crate::error::AppError;
use crate::exchange;
use crate::lang::Lang;
use crate::proof::SetApart;
use crate::proof::audit::{self, Audit, AuditStore, Finding, Matter, NotRepaired, RollupMend};
use crate::proof::log::LogStore;
use crate::proof::witnesses::{Standing, Vouched, Witness, vouched};
use serde::Serialize;
use std::fs::{File, TryLockError};
use std::process::ExitCode;

/// Arguments of `lichphat check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Tính lại các số tổng hợp bị sai từ bản ghi đã ký; không sửa gì khác (sum wrong figures anew; nothing else is touched)
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    output: output::Args,
}

impl Args {
    /// Looks and repairs nothing, for people.
    pub(super) fn looking() -> Self {
        Self { repair: false, output: output::Args { format: output::Format::Table } }
    }
}

#[derive(Debug, Serialize)]
struct Row<'f> {
    place: &'f str,
    problem: &'f str,
    meaning: &'static str,
    mend: &'static str,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let now = Rooms::open(context)?;
    let _alone = args.repair.then(|| alone(context)).transpose()?;
    let rooms = now.at_this_moment(context)?;
    let mut found = audit::audit(&rooms.store, &rooms.log, &now.log).await?;
    let plans = rooms.planning.audit().await?;
    let (files, media) = rooms.library.audit().await?;
    let rule = context.rule(&rooms.store).await?;
    let declared = exchange::audit::audit(&rooms.store, &rule).await?;
    let of = |matter| move |(place, problem)| Finding { matter, place, problem };
    found.findings.extend(plans.findings.into_iter().map(of(Matter::Plan)));
    found.findings.extend(media.into_iter().map(of(Matter::Media)));
    found.findings.extend(rooms.sampling.audit().await?.into_iter().map(of(Matter::Draw)));
    found.findings.extend(declared.imports.into_iter().map(of(Matter::Import)));
    found.findings.extend(declared.figures.into_iter().map(of(Matter::Declared)));
    let standings = rooms.log.standings().await?;
    found.findings.extend(standings.iter().filter_map(against).map(of(Matter::Witness)));
    // a table of nothing is no answer to whoever looks at it; a program wants its empty list
    if !found.findings.is_empty() || args.output.format != output::Format::Table {
        output::rows(
            context.lang,
            args.output.format,
            &["place", "problem", "meaning", "mend"],
            &rows(&found.findings, context.lang),
        )?;
    }
    remarks(&found, &rooms, &now, context).await?;
    for (witness, standing) in &standings {
        output::words(&standing.sentence(witness, context.lang, rooms.offset));
    }
    if vouched(&standings, rooms.log.head().await?.as_ref(), rooms.clock.now()) == Vouched::Alone {
        output::words(&context.lang.text("log-alone"));
    }
    let full = rooms.approvals.permissions().await?.withdrawals().full_percent();
    if full >= NEARLY_FULL_PERCENT {
        context.say(
            &format!("Danh sách thu hồi đã dùng {full} % chỗ. Từ nay hãy thu hồi cả tệp (lichphat approval withdraw --media MÃ), mỗi tệp chỉ chiếm một dòng: từ 95 % chỉ còn cách ấy. Khi đầy hẳn, muốn nội dung thôi phát thì nhập lại văn bản với ngày kết thúc sớm hơn."),
            &format!("{full} % of the room for withdrawals is taken. From now on take files back (lichphat approval withdraw --media HASH), one entry each: from 95 % on there is no other way. Once it is full, import a document again with an earlier end to stop what it shows."),
        );
    }
    let (plans, segments, records, findings) = (plans.plans, found.segments, found.records, found.findings.len());
    let plays = declared.plays;
    context.say(
        &format!(
            "Đã đối chiếu {plans} lịch phát, {segments} đoạn nhật ký, {records} bản ghi, {files} tệp nội dung, {plays} lượt bên khác khai: {findings} chỗ không khớp."
        ),
        &format!(
            "Compared {plans} plans, {segments} segments, {records} records, {files} media files, {plays} plays declared by others: {findings} disagreements."
        ),
    );
    if args.repair {
        let days = declared.mends.len();
        exchange::declare::judge_anew(&rooms.store, declared.mends, &rule).await?;
        repair(&rooms, &found, days, context).await?;
    }
    Ok(if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a reader of the findings has to know: what was dropped, and what was set apart. `now` is the house as it goes on.
async fn remarks(found: &Audit, rooms: &Rooms, now: &Rooms, context: &Context) -> Result<(), AppError> {
    if let Some(from) = found.from {
        context.say(
            &format!("Các đoạn nhật ký nhận trước ngày {from} đã hết hạn lưu: đối chiếu bắt đầu từ ngày đó."),
            &format!("Segments received before {from} were dropped by retention: judging begins there."),
        );
    }
    let (then, held) = (rooms.store.held_days().await?, now.store.held_days().await?);
    if let Some(held) = held.first().filter(|held| then.first().is_some_and(|then| then.day < held.day)) {
        let held = held.day;
        context.say(
            &format!("Trong lúc đối chiếu, các đoạn nhận trước ngày {held} hết hạn lưu; chúng vẫn được đối chiếu."),
            &format!(
                "Meanwhile segments received before {held} were dropped by retention; they were compared all the same."
            ),
        );
    }
    for apart in rooms.store.set_apart().await? {
        let SetApart { device, screen, kept, beyond, last } = apart;
        let last = last.rfc3339(rooms.offset);
        context.say(
            &format!("Thiết bị {device} ({screen}) kể hai cách về cùng một chỗ, có thể đã bị nhân bản: {kept} đoạn được giữ riêng trong sổ, {beyond} đoạn vượt giới hạn chỉ được đếm; mới nhất lúc {last}. Không đoạn nào được tính."),
            &format!("Device {device} ({screen}) told two stories for one place, it may have been cloned: {kept} segments are kept apart in the log, {beyond} beyond the limit were only counted; the newest came at {last}. None of them counts."),
        );
    }
    Ok(())
}

/// One repair at a time: a second one would correct what the first has corrected. Held until it is dropped.
fn alone(context: &Context) -> Result<File, AppError> {
    let path = context.settings.data.join("repair.lock");
    let failed = |error: &dyn std::fmt::Display| AppError::Failed(format!("{}: {error}", path.display()));
    let lock = File::create(&path).map_err(|error| failed(&error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(AppError::Failed(
            context
                .lang
                .pick(
                    "--repair: đang có một lần tính lại khác chạy; chờ nó xong rồi chạy lại",
                    "--repair: another repair is running; wait until it has ended, then run it again",
                )
                .to_owned(),
        )),
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}

/// A witness that contradicts the log: where, what.
fn against((witness, standing): &(Witness, Standing)) -> Option<(Say, Say)> {
    let trouble = standing.trouble.as_ref().filter(|trouble| trouble.contradicts())?;
    let (name, said) = (witness.key.name(), |lang| trouble.sentence(witness, lang));
    Some((say(format!("nhân chứng {name}"), format!("witness {name}")), say(said(Lang::Vi), said(Lang::En))))
}

fn rows(findings: &[Finding], lang: Lang) -> Vec<Row<'_>> {
    findings
        .iter()
        .map(|f| Row {
            place: f.place.pick(lang),
            problem: f.problem.pick(lang),
            meaning: f.matter.meaning(lang),
            mend: f.matter.mend(lang),
        })
        .collect()
}

/// Why nothing was summed anew.
fn not_repaired(refused: NotRepaired, lang: Lang) -> &'static str {
    match refused {
        NotRepaired::Evidence => lang.pick(
            "chưa sửa gì: chính bằng chứng còn thiếu hoặc không khớp, tính lại từ đó sẽ che mất chỗ sai; hãy làm theo việc ghi ở các dòng trên trước",
            "nothing was touched: the evidence itself is missing or does not agree, and sums of it would look whole; do first what the lines above say",
        ),
        NotRepaired::Changed => lang.pick(
            "chưa sửa gì: một số vừa bị đổi không phải do nhật ký mới gửi về; hãy chạy lại",
            "nothing was touched: a sum was changed meanwhile, and not by records that came in; run it again",
        ),
    }
}

/// Sums the figures anew that differ, and says which; those of others were, of so many days.
async fn repair(rooms: &Rooms, found: &Audit, days: usize, context: &Context) -> Result<(), AppError> {
    if days > 0 {
        context.say(
            &format!("Số ngày đã tính lại số liệu bên khác khai: {days}."),
            &format!("Days of others' figures worked out anew: {days}."),
        );
    }
    if let Err(refused) = audit::repair(&rooms.store, found).await? {
        return Err(AppError::Failed(format!("--repair: {}", not_repaired(refused, context.lang))));
    }
    if found.tenures.is_some() {
        context.say(
            "Đã lập lại từ nhật ký: màn hình nào thuộc thiết bị nào.",
            "Made anew from the log: which box each screen was of.",
        );
    }
    for RollupMend { device, day, campaign, .. } in &found.mends {
        context.say(
            &format!("Đã tính lại: thiết bị {device}, ngày {day}, {campaign}."),
            &format!("Summed anew: device {device}, {day}, {campaign}."),
        );
    }
    context.say("Chạy lại `lichphat check` để xác nhận.", "Run `lichphat check` again to see that it agrees.");
    Ok(())
}
