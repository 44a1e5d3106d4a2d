//! `lichphat demo`: the whole idea on real input, on this machine, in a few minutes.
//!
//! The store's clock starts before the last completed working day; a simulated fleet lives that day
//! with normal keys, signatures and ingest; then the clock becomes the real one and a real player
//! plays the real schedule. Everything simulated or made up is marked as such.

mod real;
mod stage_set;
mod summary;

use super::{Context, rooms::Rooms, serve};
use crate::certs::Own;
use crate::clock::SimClock;
use crate::cmd::doors::{Doors, Shown};
use crate::error::AppError;
use crate::fleet::Way;
use crate::people::Caller;
use crate::sim::{SimFleet, SimOptions, city, fleet};
use crate::web::{self, Limits};
use futures_util::FutureExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What approvals of the demonstration rest on.
const APPROVED_BY: &str = "trình diễn";

/// Arguments of `lichphat demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Tự dừng sau khi phát thử, ghi summary.json (stop by itself and leave summary.json)
    #[arg(long)]
    once: bool,
    /// Nơi ghi dữ liệu trình diễn; xoá và tạo lại mỗi lần (directory, made anew each time)
    #[arg(long, value_name = "DIR", default_value = "var/demo")]
    dir: PathBuf,
    /// Thư mục cấu hình mẫu (presets)
    #[arg(long, value_name = "DIR", default_value = "config")]
    presets: PathBuf,
    /// Cổng của trang quản lý (port of the console)
    #[arg(long, default_value_t = 8087)]
    port: u16,
    /// Chỉ chừng này màn hình mô phỏng (at most so many simulated screens)
    #[arg(long)]
    screens: Option<usize>,
    /// Không chạy trình phát thật (no real player)
    #[arg(long)]
    no_player: bool,
    /// Cài một lỗi có chủ ý: thiết bị không tự phát bù (a planted fault, for tests: devices make nothing good)
    #[arg(long, hide = true)]
    no_make_good: bool,
    /// Mầm ngẫu nhiên (seed of the outages)
    #[arg(long, default_value_t = 2024)]
    seed: u64,
}

/// Seconds between two checkpoints of the demonstration's log.
const LOG_EVERY_S: u32 = 5;
/// Whoever looks at it.
const ACCOUNT: &str = "demo";
/// The order that is shown.
const CAMPAIGN: &str = "ihanoi-2024";

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let started = Instant::now();
    let demo = Demo::set_up(&args, context).await?;
    let lived = demo.live().await?;
    demo.clock.become_real();
    demo.context.say("Đồng hồ của máy chủ nay là giờ thật.", "The server's clock is the real one from here on.");

    let stop = serve::stop_signal()?;
    let certificate = Shown::of(Own::of(&demo.context.settings.data), &[], demo.rooms.today())?;
    let doors = Doors::bind(&demo.context.settings, Some(&certificate)).await?;
    let [address, server, pairing] = doors.urls(true);
    let way = Way { server, pairing, authority: certificate.authority()? };
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let (app, told) = (demo.rooms.app(), told.map(drop).shared());
    let serving = tokio::spawn(async move { doors.serve(&app, Limits::default(), told).await });

    let player = if args.no_player {
        None
    } else {
        Some(real::Player::start(&demo.rooms, &demo.context, &args.dir, way).await?)
    };
    let replanning = tokio::spawn(keep_planning(demo.rooms.clone()));
    let logging = tokio::spawn(serve::keep_log(demo.rooms.clone(), LOG_EVERY_S, 0));
    let report = demo.rooms.report(&demo.campaign, demo.day, demo.day).await?;
    super::report::say_totals(&report, &demo.context);
    demo.context.say(
        &format!("Mở trang quản lý: {address}/   (Ctrl-C để dừng)"),
        &format!("Open the console: {address}/   (Ctrl-C stops)"),
    );
    let password = demo.rooms.people.demonstration(ACCOUNT, "Trình diễn").await;
    let password = password.map_err(|error| AppError::Failed(error.words(demo.context.lang)))?;
    demo.context.say(
        &format!("Đăng nhập: tài khoản {ACCOUNT}, mật khẩu {password} (bỏ trống mã 6 số)"),
        &format!("Sign in: account {ACCOUNT}, password {password} (leave the six digits empty)"),
    );
    let authority = shown(&Own::of(&demo.context.settings.data).authority);
    demo.context.say(
        &format!("Trình duyệt sẽ cảnh báo vì chứng thư này do chính máy này cấp: bấm tiếp tục, hoặc nhập {authority} vào trình duyệt."),
        &format!("The browser will warn, because this machine itself issued the certificate: go on, or import {authority} into it."),
    );
    // Whoever stops it early has not waited for the real player's first records.
    let had_its_time = tokio::select! {
        () = stop => player.as_ref().is_some_and(real::Player::had_its_time),
        () = real::played_enough(started), if args.once && player.is_some() => true,
        () = std::future::ready(()), if args.once && player.is_none() => false,
    };
    demo.context.say("Đang dừng trong trật tự…", "Stopping in order…");
    if let Some(player) = player {
        player.stop().await;
    }
    replanning.abort();
    logging.abort();
    demo.rooms.log.round().await?; // what the player handed in last
    let summary = summary::make(&demo.rooms, &lived, &demo.campaign, demo.day, started).await?;
    let path = args.dir.join("summary.json");
    summary::write(&path, &summary)?;
    demo.context.say(&format!("Tóm tắt: {}", path.display()), &format!("Summary: {}", path.display()));
    super::output::json(&summary)?;
    let _ = tell.send(());
    let _ = serving.await;
    if had_its_time && !summary.real_player.played() {
        let log = shown(&args.dir.join("player.log"));
        demo.context.say(
            &format!("Trình phát thật chưa phát được lượt nào được tính; nguyên nhân: xem {log}"),
            &format!("The real player has played nothing that counts; {log} says why"),
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks for news once a minute: new facts, a new day.
async fn keep_planning(rooms: Rooms) {
    let real = ScreenCode::new(city::REAL_SCREEN).expect("a valid code");
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let planned = async {
            let city = rooms.city().await?;
            rooms.plan(&city, |s| s.code == real, "new facts").await
        };
        if let Err(error) = planned.await {
            tracing::warn!(%error, "could not plan again");
        }
    }
}

/// What the simulated day was.
struct Lived {
    screens: usize,
    with_outages: usize,
}

struct Demo {
    context: Context,
    rooms: Rooms,
    clock: Arc<SimClock>,
    campaign: CampaignCode,
    /// The simulated day.
    day: LocalDay,
    screens: Option<usize>,
    options: SimOptions,
}

impl Demo {
    async fn set_up(args: &Args, context: &Context) -> Result<Self, AppError> {
        // The port first: nothing is thrown away for a demonstration that cannot be shown.
        let any = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let free = |port| std::net::TcpListener::bind(any(port)).and_then(|socket| socket.local_addr());
        let listen = match free(args.port) {
            Ok(address) => address,
            Err(_) => {
                if !args.once {
                    context.say(
                        &format!("Cổng {} đang bận: dùng cổng trống khác.", args.port),
                        &format!("Port {} is taken: another free one is used.", args.port),
                    );
                }
                free(0).map_err(|e| AppError::Failed(e.to_string()))?
            }
        };
        let offset = context.settings.utc_offset();
        let real_now = context.clock.now();
        let day = stage_set::last_working_day(real_now.day(offset), &args.presets)?;
        let clock = Arc::new(SimClock::new(day.previous().at(20 * 3_600, offset)));
        let mut context = context.clone();
        context.clock = clock.clone();
        context.settings.data = args.dir.join("data");
        context.settings.listen = listen;
        (context.settings.players.listen, context.settings.players.pairing) = (any(0), any(0));
        context.settings.probe.program = real::player_program();
        stage_set::build(&context, args, day, real_now).await?;
        let rooms = Rooms::open(&context)?;
        rooms.approve_all((&Caller::shell(), APPROVED_BY)).await?;
        let options = SimOptions { seed: args.seed, make_good: !args.no_make_good };
        let campaign = CampaignCode::new(CAMPAIGN).map_err(|e| AppError::Failed(e.to_string()))?;
        Ok(Self { context, rooms, clock, campaign, day, screens: args.screens, options })
    }

    /// Plans the fleet and lives the day.
    async fn live(&self) -> Result<Lived, AppError> {
        let (rooms, day) = (&self.rooms, self.day);
        let city = rooms.city().await?;
        let real = ScreenCode::new(city::REAL_SCREEN).map_err(|e| AppError::Failed(e.to_string()))?;
        let managed = city.world();
        let cast = fleet::cast(managed.managed(), &city.directory, day, self.options.seed, &real, self.screens);
        let chosen: std::collections::BTreeSet<ScreenCode> = cast.iter().map(|(s, _)| s.clone()).collect();
        let planned = Instant::now();
        let done = rooms.plan(&city, |s| chosen.contains(&s.code), "first plan").await?;
        self.context.say(
            &format!(
                "Đã lập lịch {} màn hình, {} ngày-màn hình trong {:.1} giây.",
                cast.len(),
                done.published,
                planned.elapsed().as_secs_f64()
            ),
            &format!(
                "Planned {} screens, {} screen-days in {:.1} s.",
                cast.len(),
                done.published,
                planned.elapsed().as_secs_f64()
            ),
        );
        self.clock.jump_to(day.start(rooms.offset));
        let mut fleet = SimFleet::enrol(
            cast.into_iter(),
            &rooms.fleet,
            &rooms.public_keys,
            web::service(&rooms.app()),
            Arc::clone(&self.clock),
            rooms.offset,
            self.options,
        )
        .await?;
        let bar = ProgressBar::new(96);
        bar.set_style(
            ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let english = self.context.lang == crate::lang::Lang::En;
        bar.set_message(if english { format!("Simulating {day}") } else { format!("Mô phỏng ngày {day}") });
        fleet.live(day, &rooms.log, |slice| bar.set_position(slice)).await?;
        // Late devices report the next morning, or now when that has not come yet.
        let wall = UtcMillis(self.real_now());
        self.clock.jump_to(day.next().at(6 * 3_600, rooms.offset).min(wall));
        fleet.finish().await?;
        bar.finish_and_clear();
        self.clock.jump_to(wall);
        Ok(Lived { screens: fleet.len(), with_outages: fleet.with_outages() })
    }

    fn real_now(&self) -> i64 {
        crate::clock::SystemClock::new().now().0
    }
}

/// A path as text for people.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
