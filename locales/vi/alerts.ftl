# Cảnh báo: ai được báo, báo gì, lúc nào.
nav-alerts = Cảnh báo
alerts-title = Cảnh báo
alerts-lead = Màn hình tắt hoặc mất mạng trong giờ phát được báo mỗi nơi một lần: sau ít phút, qua mạng di động sau 25 phút, trên xe sau 4 giờ; có mạng mà không phát gì thì sau 45 phút.
alerts-open = Đang xảy ra
alerts-none = Không có nơi nào tắt hoặc mất mạng.
alerts-over = Đã xong trong 24 giờ qua
alerts-see = Xem màn hình
alerts-take = Tôi xử lý
alerts-taken = { $by } nhận xử lý lúc { $at }.
alerts-over-at = Hết lúc { $at }.
alerts-taken-already = Việc này đã có người nhận hoặc đã xong. Danh sách dưới đây là mới nhất.
alerts-mine = Báo cho tôi
alerts-unset = Máy chủ chưa được nối với hộp thư nào nên chưa gửi được. Hãy nhờ quản trị viên (docs/alerts.md); lựa chọn của bạn vẫn được giữ.
alerts-email = Thư điện tử
alerts-webhook = Địa chỉ của chương trình nhận (webhook)
alerts-dark = Màn hình tắt hoặc mất mạng
alerts-digest = Bản tin buổi sáng: việc cần làm, đợt nào thiếu, gì đang chờ duyệt
alerts-at = Giờ gửi bản tin
alerts-keep = Lưu
alerts-kept = Đã lưu.
alerts-bad-email = Địa chỉ thư không đúng. Hãy viết một địa chỉ, ví dụ: lan@phuong.example.vn
alerts-bad-webhook = Địa chỉ webhook không nằm trong những nơi máy chủ cho phép. Hãy hỏi quản trị viên (webhooks trong mục [alerts]).
alerts-bad-time = Giờ gửi không đúng. Hãy viết giờ:phút, ví dụ: 07:30
alerts-no-way = Hãy ghi địa chỉ thư để nhận báo.
alert-subject = { $n_t } màn hình có vấn đề: { $place }
alert-subject-many = { $n_t } màn hình có vấn đề: { $place } và { $more_t } nơi khác
alert-subject-over = Đã hoạt động lại: { $place }
alert-new = MỚI XẢY RA
alert-again = VẪN CÒN, CHƯA AI NHẬN XỬ LÝ
alert-over = ĐÃ HOẠT ĐỘNG LẠI
alert-more = … và { $n_t } nơi khác.
alert-screens = Màn hình: { $screens }{ $n ->
    [0] .
   *[other] {" "}và { $n_t } màn hình nữa.
}
alert-link = Xem và nhận xử lý: { $link }
alert-foot = Đổi hoặc tắt cảnh báo ở trang "Cảnh báo" của hệ thống lịch phát.
alert-digest-subject = Lịch phát ngày { $day }: việc cần làm
alert-digest-do = VIỆC CẦN LÀM
alert-digest-orders = CÁC ĐỢT ĐẾN HẾT HÔM QUA
alert-order-met = { $order }: cả { $due_t } màn hình đạt.
alert-order-short = { $order }: { $short_t } trong { $due_t } màn hình đang thiếu.
