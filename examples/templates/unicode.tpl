{% args name %}
<!DOCTYPE html>
<html lang="pl">
<head><meta charset="utf-8"><title>Zażółć gęślą jaźń</title></head>
<body>
<h1>Witaj, {{name}}! 你好! 🐢</h1>
<form method="post" action="/form"><input name="name" value="{{name}}"><button>Wyślij</button></form>
<a href="/żółw">żółw</a>
</body>
</html>
