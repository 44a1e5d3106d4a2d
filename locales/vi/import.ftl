# Nhập danh sách màn hình.
import-title = Nhập danh sách màn hình
import-hint = Tệp CSV đúng các cột của tệp tải ra ở trang Màn hình; dấu phân cách là dấu phẩy hoặc chấm phẩy. Chưa có gì thay đổi cho đến khi bạn xác nhận ở bước sau.
import-file = Chọn tệp CSV (UTF-8)
import-text = Hoặc dán nội dung tệp vào đây, kể cả dòng tiêu đề
import-look = Xem trước thay đổi
import-refused = Tệp có lỗi nên chưa nhập dòng nào. Sửa các chỗ sau rồi gửi lại:
import-more = … và { $n_t } lỗi nữa.
import-not-utf-8 = Tệp không phải UTF-8. Trong bảng tính hãy chọn “Lưu thành… CSV UTF-8”.
import-preview = Xem trước
import-summary = { $new_t } màn hình mới, { $changed_t } màn hình thay đổi, { $same_t } màn hình giữ nguyên.
import-confirm = Nhập đúng những thay đổi này
import-new = mới
import-changed = Dữ liệu vừa thay đổi so với lúc xem trước, nên chưa nhập gì. Hãy xem lại rồi bấm lần nữa.
import-done = Đã nhập xong.
import-link = Nhập danh sách màn hình (CSV)
