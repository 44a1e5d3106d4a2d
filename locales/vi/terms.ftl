# Từ của các danh mục.
weekday-0 = Thứ Hai
weekday-1 = Thứ Ba
weekday-2 = Thứ Tư
weekday-3 = Thứ Năm
weekday-4 = Thứ Sáu
weekday-5 = Thứ Bảy
weekday-6 = Chủ nhật

kind-managed = thiết bị của hệ thống
kind-third-party = đơn vị khác vận hành
kind-none = chưa có thiết bị

link-owner = chủ sở hữu
link-territory = địa bàn
link-sector = cơ quan quản lý lĩnh vực
link-operator = đơn vị vận hành

force-required = yêu cầu
force-assigned = giao
force-requested = đề nghị
force-encouraged = khuyến khích
force-contract = hợp đồng

standing-reporting = có nhật ký phát
standing-declared = tự khai báo
standing-silent = chưa có tin

content-contract = hợp đồng
content-local = nội dung tại chỗ
content-order = văn bản khác

in-place-blank = không phát gì thay thế
in-place-mute = phát không có tiếng
in-place-solemn-loop = phát nội dung trang nghiêm thay thế

suspended-leave-quota = không tính những ngày này
suspended-make-good = phát bù vào ngày khác

role-viewer = Người xem
role-operator = Người vận hành
role-approver = Người duyệt
role-unit-head = Thủ trưởng đơn vị
role-city-editor = Biên tập viên thành phố
role-auditor = Kiểm tra viên
role-administrator = Quản trị viên
