# Báo cáo kết quả thực hiện: trên trang, trong tệp và trên giấy.
report-span-day = ngày { $from }
report-span-week = tuần từ { $from } đến hết { $to }
report-span-month = tháng { $month } năm { $year }
report-span-quarter = quý { $quarter } năm { $year }
report-span-6-months = 6 tháng đầu năm { $year }
report-span-9-months = 9 tháng đầu năm { $year }
report-span-year = năm { $year }
report-span-days = từ { $from } đến hết { $to }

report-title = Kết quả phát nội dung truyền thông trên màn hình toàn thành phố, { $span }
report-title-unit = Kết quả phát nội dung truyền thông trên màn hình của { $unit }, { $span }
report-title-unit-by = Kết quả phát nội dung truyền thông trên màn hình của { $unit } (theo { $link }), { $span }
report-title-venue = loại địa điểm: { $venue }

report-state-running = Tạm tính: kỳ báo cáo chưa kết thúc; số liệu lập ngày { $day }.
report-state-provisional = Tạm tính: số liệu lập ngày { $day }, chưa chốt.
report-state-closed = Đã chốt lúc { $time }, tài khoản { $by }.
report-state-supplement = Bổ sung số { $number }, chốt lúc { $time }, tài khoản { $by }. Thay cho báo cáo có mã { $of }.

report-part-whole = Kết quả chung
report-part-split = Kết quả theo mức ràng buộc, loại địa điểm và đơn vị
report-part-why = Vì sao thiếu, vì sao không được tính
report-part-raised = Đơn vị quyết định tăng tần suất
report-part-changes = Thay đổi so với số liệu đã chốt
report-part-explanations = Giải trình của đơn vị
report-part-screens = Từng màn hình
report-part-ground = Cơ sở của số liệu

report-no-orders = Trong kỳ này không có đợt truyền thông nào nêu số lượt phát.
report-order-number = { $about } (văn bản số { $number })
report-screens = Màn hình thuộc diện: { $existing_t } hiện có; { $reporting_t } có nhật ký phát, { $declared_t } chỉ do bên khác tự khai, { $silent_t } chưa có tin.
report-who = Nơi văn bản { $force }
report-who-inferred = Nơi văn bản { $force } nhưng không nêu con số (số suy ra)
report-nothing-required = Văn bản không yêu cầu hoặc giao cho nơi nào trong báo cáo này.
report-beside = Xếp riêng. { $words }
report-nothing-due = { $who }: chưa có ngày hoạt động nào trong kỳ đã kết thúc, nên chưa kết luận đạt hay thiếu.
report-kept = { $who }: trong { $due_t } màn hình có ngày hoạt động đã qua, { $met_t } đạt, { $short_t } thiếu, cộng lại thiếu { $plays_t } lượt.
report-kept-units = { $who }: trong { $due_t } đơn vị có ngày hoạt động đã qua, { $met_t } đạt, { $short_t } thiếu, cộng lại thiếu { $plays_t } lượt.
report-divided = Chỉ tiêu là của mọi màn hình trong đơn vị cộng lại, không chia được cho một phần. Báo cáo này có { $screens_t } màn hình của những đơn vị không nằm trọn trong báo cáo; trên đó có { $counted_t } lượt được tính, không kết luận đạt hay thiếu. Để xem chỉ tiêu, hãy bỏ chọn loại địa điểm và quan hệ.
report-suspended = Tạm dừng từ { $from } đến hết { $to } trên { $n_t } màn hình, theo { $order }.
report-part-of-units = Một phần của đơn vị, không có chỉ tiêu riêng
report-of-units-note = “–”: chỉ tiêu là của cả đơn vị, không chia theo loại địa điểm hay từng màn hình. Mức ràng buộc cũng là của cả đơn vị (mức cao nhất trong các màn hình của nó), nên không ghi ở loại địa điểm.
report-plays = Chỉ tiêu đến nay { $owed_t } lượt; được tính { $counted_t } lượt, trong đó phát bù { $madegood_t } lượt. Phát ngoài khung giờ, tính riêng: { $outside_t } lượt.
report-refused = Không được tính: { $refused_t } lượt; chưa rõ: { $unknown_t } lượt.
report-declared = Bên khác tự khai { $said_t } lượt: không có bằng chứng, không nằm trong số được tính.
report-pending = { $pending_t } lượt theo lịch chưa có nhật ký nhưng còn có thể gửi đến.
report-inferred = { $force }, số suy ra
report-inferred-note = “Số suy ra”: văn bản không nêu con số cho những nơi này, chỉ tiêu chỉ để theo dõi. Thiếu ở đó không phải là vi phạm.
report-no-unit = chưa gắn đơn vị
report-late = Trong các lượt phát được xác nhận có { $n_t } lượt mà nhật ký gửi về muộn hơn một ngày.
report-explained = { $unit } – { $time }, tài khoản { $by }
report-explanations-note = Giải trình là lời của đơn vị, không làm thay đổi số liệu nào.

report-simulated = { $n_t } màn hình trong báo cáo này chạy thiết bị mô phỏng: số liệu của chúng để trình diễn, không phải của màn hình thật.
report-entries = Số liệu là tổng của { $n_t } mục đầu tiên trong nhật ký bằng chứng, không thêm mục nào khác.
report-revisions = Đơn vị, màn hình và giờ hoạt động theo lần cập nhật danh mục thứ { $directory }; văn bản theo lần cập nhật thứ { $campaigns }.
report-checkpoint = Điểm kiểm chứng của nhật ký { $origin }: { $size } mục, mã gốc { $root }. Điểm này bao trùm toàn bộ các mục nói trên.
report-checkpoint-behind = Điểm kiểm chứng của nhật ký { $origin }: { $size } mục, mã gốc { $root }. Còn { $beyond_t } mục mới hơn chưa có điểm kiểm chứng.
report-no-checkpoint = Nhật ký chưa công bố điểm kiểm chứng nào.
report-hash = Mã SHA-256 của dữ liệu báo cáo: { $hash }. Tệp JSON của báo cáo có đúng mã này.
report-rule-counted = Một lượt được tính khi bản ghi do thiết bị ký đạt quy tắc tính: phát đủ, đúng lịch, đúng khung giờ, đủ mức xác nhận.
report-rule-waits = Lượt chưa có nhật ký được chờ { $n_t } ngày, sau đó ghi là thiếu.
report-rule-overlap = Một màn hình có thể thuộc nhiều đợt truyền thông; mỗi đợt tính riêng, không cộng các đợt với nhau.

report-table-forces = Mức ràng buộc
report-table-forces-of = Mức ràng buộc
report-table-forces-caption = Theo mức ràng buộc của văn bản, không cộng các mức với nhau
report-table-venues = Loại địa điểm
report-table-venues-of = Loại địa điểm
report-table-venues-caption = Theo loại địa điểm
report-table-units = Đơn vị
report-table-units-of = Đơn vị
report-table-units-caption = Theo đơn vị, nơi được yêu cầu và thiếu nhiều đứng trước
report-table-causes = Vì sao thiếu
report-table-causes-caption = Nguyên nhân của các lượt còn thiếu ở nơi văn bản yêu cầu hoặc giao
report-table-causes-beside = Vì sao thiếu, xếp riêng
report-table-causes-beside-caption = Nguyên nhân ở nơi văn bản đề nghị, khuyến khích hoặc không nêu con số
report-table-reasons = Không được tính
report-table-reasons-caption = Lý do các bản ghi không được tính hoặc chưa rõ, trên mọi màn hình của báo cáo
report-table-levels = Mức xác nhận
report-table-levels-caption = Lượt được tính theo mức xác nhận màn hình có hiện hình, trên mọi màn hình của báo cáo
report-table-raised = Tăng tần suất
report-table-raised-caption = Kết quả theo chỉ tiêu của thành phố, bên cạnh số mà đơn vị đã tăng
report-table-changes = Thay đổi
report-table-changes-caption = Số liệu khác với lần chốt trước
report-table-screens = Màn hình
report-table-screens-caption = Từng màn hình, nơi thiếu nhiều đứng trước

report-col-existing = Hiện có
report-col-reporting = Có nhật ký
report-col-declared = Chỉ tự khai
report-col-silent = Chưa có tin
report-col-on-duty = Có ngày hoạt động
report-col-met = Đạt
report-col-short = Thiếu
report-col-owed = Chỉ tiêu (lượt)
report-col-counted = Được tính (lượt)
report-col-made-good = Trong đó phát bù
report-col-outside = Ngoài khung giờ
report-col-late = Gửi muộn
report-col-not-counted = Không được tính
report-col-unknown = Chưa rõ
report-col-declared-plays = Bên khác khai
report-col-pending = Chờ nhật ký
report-col-missed = Không có nhật ký
report-col-short-plays = Còn thiếu (lượt)
report-col-d0 = Mức D0
report-col-d1 = Mức D1
report-col-d2 = Mức D2
report-col-d3 = Mức D3
report-col-days = Ngày hoạt động
report-col-days-at-target = Ngày đạt
report-col-days-at-zero = Ngày không có lượt
report-col-cause = Nguyên nhân
report-col-plays = Lượt
report-col-screens-short = Nơi thiếu chủ yếu vì lý do này
report-col-mend = Cách khắc phục
report-col-reason = Lý do
report-col-level = Mức xác nhận
report-col-raised-unit = Đơn vị
report-col-decision = Quyết định số
report-col-raised-days = Thời gian
report-col-city-plays = Số của thành phố
report-col-own-plays = Số đơn vị tăng
report-col-due = Có ngày hoạt động
report-col-met-city = Đạt theo số thành phố
report-col-met-own = Đạt theo số đơn vị
report-col-owed-city = Chỉ tiêu thành phố
report-col-owed-own = Chỉ tiêu đơn vị
report-col-changed = Màn hình hoặc đơn vị
report-col-figure = Số liệu
report-col-before = Đã chốt
report-col-after = Nay
report-col-order = Đợt
report-col-screen = Màn hình
report-col-code = Mã
report-col-unit = Đơn vị
report-col-venue = Loại địa điểm
report-col-force = Mức ràng buộc
report-col-kind = Thiết bị
report-col-standing = Tình trạng
report-col-mean = Trung bình/ngày
report-col-result = Kết quả

report-raised-days = { $from } đến hết { $to }
report-raised-from = từ { $from }, đến hết đợt

report-mail-subject = Báo cáo: { $title }
report-mail-body = { $title }
    { $state }

    Các tệp đính kèm cùng một số liệu. Mã SHA-256 của dữ liệu: { $hash }.
    Thư này do lịch báo cáo “{ $rule }” của máy chủ lichphat tự gửi.

report-none = Không có.
report-more-rows = Còn { $n_t } dòng nữa trong tệp bảng tính của báo cáo này.
report-sheet-summary = Tóm tắt
