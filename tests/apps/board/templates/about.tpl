<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Board</title><link rel="stylesheet" href="/static/style.css"></head>
<body>
<h1>About</h1>
<p>A board that knows how warm it is. <a href="/">Back</a></p>
</body>
</html>
