# Trợ giúp.
help-title = Trợ giúp
help-here = Trợ giúp cho trang này
help-lead = Mỗi vai trò một trang ngắn. Dấu ? ở đầu mỗi trang dẫn đến đúng đoạn nói về trang ấy.
help-yours = Theo vai trò của bạn
help-all = Tất cả
help-parts = Trong trang này
help-others = Các hướng dẫn khác
help-first-steps = Hướng dẫn bắt đầu, từng bước
