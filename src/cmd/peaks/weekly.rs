//! Screens that follow their counts: each week a profile is proposed (`propose`, or `serve` by itself), shown
//! (`list`, and the console), and accepted or refused by somebody.

use crate::cmd::rooms::Rooms;
use crate::directory::{
    Basis, Batch, Change, DecideError, DirectoryStore, Following, FootfallSubject, Proposal, decide,
};
use crate::error::AppError;
use lichphat_playlists::time::LocalDay;

impl Rooms {
    /// A subject follows its counts from today on; one that does already changes its terms.
    pub async fn follow_counts(
        &self,
        subject: &FootfallSubject,
        weeks: u32,
        share_permille: u32,
        by: &str,
    ) -> Result<(), AppError> {
        let (directory, today) = (self.store.directory().await?, self.today());
        if !directory.knows_subject(subject) {
            return Err(AppError::mistake(
                format!("SUBJECT {subject}: không có màn hình hay loại địa điểm này; hãy nhập vào danh mục trước"),
                format!("SUBJECT {subject}: no such screen or venue type; import it first"),
            ));
        }
        let from = directory.following(subject, today).map_or(today, |following| following.from);
        let (subject, by) = (subject.clone(), by.to_owned());
        let following = Following { subject, from, until: None, weeks, share_permille, by };
        self.keep(following, directory.revision).await
    }

    /// A subject follows its counts no longer than today: from tomorrow on the hours of its venue hold again.
    pub async fn unfollow_counts(&self, subject: &FootfallSubject, by: &str) -> Result<(), AppError> {
        let (directory, today) = (self.store.directory().await?, self.today());
        let following = directory.following(subject, today);
        let following = following.ok_or_else(|| not_following(subject))?.clone();
        self.keep(Following { until: Some(today), by: by.to_owned(), ..following }, directory.revision).await
    }

    async fn keep(&self, following: Following, revision: u64) -> Result<(), AppError> {
        let batch = Batch { changes: vec![Change::Following(following)] };
        self.store.import_directory(batch, revision).await?;
        Ok(())
    }

    /// Derives what the last complete weeks say of everyone who follows counts, for next Monday; how many
    /// proposals say something new.
    pub async fn propose_peaks(&self) -> Result<u32, AppError> {
        let (directory, today) = (self.store.directory().await?, self.today());
        let mut drafts = Vec::new();
        for following in directory.followers(today) {
            let basis = Basis::of(today, following.weeks);
            let days = self.store.footfall_days(following.subject.clone(), basis.first, basis.last).await?;
            drafts.extend(directory.derive(following, &days, basis));
        }
        let monday = Basis::of(today, 1).valid_from;
        Ok(self.store.propose_peaks(monday, drafts, self.clock.now()).await?)
    }

    /// Accepts or refuses a proposal; answers with the first day it applies, when it was accepted.
    pub async fn decide_peaks(
        &self,
        id: u32,
        accepted: bool,
        by: &str,
    ) -> Result<(Proposal, Option<LocalDay>), AppError> {
        let decided = decide(&self.store, id, accepted, by, (self.clock.now(), self.today())).await;
        decided.map_err(|error| match error {
            DecideError::Unknown(id) => AppError::failure(
                format!("ID {id}: không có đề xuất này; xem danh sách bằng `lichphat peaks list`"),
                format!("ID {id}: there is no such proposal; `lichphat peaks list` shows them"),
            ),
            DecideError::Decided(decided) => AppError::failure(
                format!("ID {id}: đề xuất này đã được quyết định; xem danh sách bằng `lichphat peaks list`"),
                decided.to_string(),
            ),
            DecideError::NotFollowing(subject) => not_following(&subject),
            DecideError::Store(error) => error.into(),
        })
    }
}

fn not_following(subject: &FootfallSubject) -> AppError {
    AppError::failure(
        format!("{subject}: chưa theo số đếm; bắt đầu bằng `lichphat peaks follow {subject}`"),
        format!("{subject}: does not follow its counts; `lichphat peaks follow {subject}` makes it"),
    )
}
