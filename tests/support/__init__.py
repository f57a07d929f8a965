"""What several tests share: a real server, the modules it runs, the demo."""
