# Danh mục các trang.
nav-menu = Danh mục
nav-today = Hôm nay
nav-content = Nội dung của đơn vị
nav-approvals = Duyệt nội dung
nav-reports = Báo cáo
nav-pairing = Ghép thiết bị
nav-people = Tài khoản
nav-screens = Màn hình
nav-audit = Kiểm tra
