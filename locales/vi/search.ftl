# Tìm kiếm.
search-title = Tìm kiếm
search-field = Tìm màn hình, đơn vị, đợt truyền thông, hợp đồng, tài khoản
search-button = Tìm
search-hint = Gõ có dấu hay không dấu đều được, chữ hoa hay chữ thường, thứ tự nào cũng được.
search-none = Không tìm thấy gì cho “{ $text }”. Thử ít từ hơn, hoặc gõ mã.
search-found = { $n_t } kết quả cho “{ $text }”
search-n-screen = { $n_t } màn hình
search-n-unit = { $n_t } đơn vị
search-n-order = { $n_t } đợt truyền thông
search-n-contract = { $n_t } hợp đồng
search-n-item = { $n_t } nội dung tự phát
search-n-account = { $n_t } tài khoản
search-all-screens = Xem tất cả màn hình tìm thấy
