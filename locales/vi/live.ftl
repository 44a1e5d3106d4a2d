# What an open page says of itself.
live-over = Phiên làm việc đã hết. Hãy đăng nhập lại để xem số liệu mới.
