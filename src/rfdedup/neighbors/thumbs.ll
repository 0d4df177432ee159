; made of thumbs.c, SHA-256 936689132da9d701ac8d065adb3a421dfc84ca563b78cf5b204ac1a823208a4d

; Function Attrs: nounwind
define dso_local void @apart(ptr noundef %0, i64 noundef %1, i64 noundef %2, ptr noundef %3, ptr noundef %4, ptr noundef %5, ptr noundef %6) #0 {
  %8 = alloca ptr, align 8
  %9 = alloca i64, align 8
  %10 = alloca i64, align 8
  %11 = alloca ptr, align 8
  %12 = alloca ptr, align 8
  %13 = alloca ptr, align 8
  %14 = alloca ptr, align 8
  %15 = alloca i64, align 8
  %16 = alloca i32, align 4
  %17 = alloca ptr, align 8
  %18 = alloca ptr, align 8
  %19 = alloca i32, align 4
  %20 = alloca i32, align 4
  %21 = alloca i64, align 8
  %22 = alloca i16, align 2
  store ptr %0, ptr %8, align 8, !tbaa !4
  store i64 %1, ptr %9, align 8, !tbaa !8
  store i64 %2, ptr %10, align 8, !tbaa !8
  store ptr %3, ptr %11, align 8, !tbaa !4
  store ptr %4, ptr %12, align 8, !tbaa !4
  store ptr %5, ptr %13, align 8, !tbaa !4
  store ptr %6, ptr %14, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %15) #2
  store i64 0, ptr %15, align 8, !tbaa !8
  br label %23

23:                                               ; preds = %86, %7
  %24 = load i64, ptr %15, align 8, !tbaa !8
  %25 = load i64, ptr %10, align 8, !tbaa !8
  %26 = icmp slt i64 %24, %25
  br i1 %26, label %28, label %27

27:                                               ; preds = %23
  store i32 2, ptr %16, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %15) #2
  br label %89

28:                                               ; preds = %23
  call void @llvm.lifetime.start.p0(i64 8, ptr %17) #2
  %29 = load ptr, ptr %8, align 8, !tbaa !4
  %30 = load ptr, ptr %11, align 8, !tbaa !4
  %31 = load i64, ptr %15, align 8, !tbaa !8
  %32 = getelementptr inbounds i64, ptr %30, i64 %31
  %33 = load i64, ptr %32, align 8, !tbaa !8
  %34 = load i64, ptr %9, align 8, !tbaa !8
  %35 = mul nsw i64 %33, %34
  %36 = getelementptr inbounds i8, ptr %29, i64 %35
  store ptr %36, ptr %17, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %18) #2
  %37 = load ptr, ptr %8, align 8, !tbaa !4
  %38 = load ptr, ptr %12, align 8, !tbaa !4
  %39 = load i64, ptr %15, align 8, !tbaa !8
  %40 = getelementptr inbounds i64, ptr %38, i64 %39
  %41 = load i64, ptr %40, align 8, !tbaa !8
  %42 = load i64, ptr %9, align 8, !tbaa !8
  %43 = mul nsw i64 %41, %42
  %44 = getelementptr inbounds i8, ptr %37, i64 %43
  store ptr %44, ptr %18, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 4, ptr %19) #2
  store i32 0, ptr %19, align 4, !tbaa !10
  call void @llvm.lifetime.start.p0(i64 4, ptr %20) #2
  store i32 0, ptr %20, align 4, !tbaa !10
  call void @llvm.lifetime.start.p0(i64 8, ptr %21) #2
  store i64 0, ptr %21, align 8, !tbaa !8
  br label %45

45:                                               ; preds = %74, %28
  %46 = load i64, ptr %21, align 8, !tbaa !8
  %47 = load i64, ptr %9, align 8, !tbaa !8
  %48 = icmp slt i64 %46, %47
  br i1 %48, label %50, label %49

49:                                               ; preds = %45
  store i32 5, ptr %16, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %21) #2
  br label %77

50:                                               ; preds = %45
  call void @llvm.lifetime.start.p0(i64 2, ptr %22) #2
  %51 = load ptr, ptr %17, align 8, !tbaa !4
  %52 = load i64, ptr %21, align 8, !tbaa !8
  %53 = getelementptr inbounds i8, ptr %51, i64 %52
  %54 = load i8, ptr %53, align 1, !tbaa !12
  %55 = zext i8 %54 to i32
  %56 = load ptr, ptr %18, align 8, !tbaa !4
  %57 = load i64, ptr %21, align 8, !tbaa !8
  %58 = getelementptr inbounds i8, ptr %56, i64 %57
  %59 = load i8, ptr %58, align 1, !tbaa !12
  %60 = zext i8 %59 to i32
  %61 = sub nsw i32 %55, %60
  %62 = trunc i32 %61 to i16
  store i16 %62, ptr %22, align 2, !tbaa !13
  %63 = load i16, ptr %22, align 2, !tbaa !13
  %64 = sext i16 %63 to i32
  %65 = load i32, ptr %19, align 4, !tbaa !10
  %66 = add nsw i32 %65, %64
  store i32 %66, ptr %19, align 4, !tbaa !10
  %67 = load i16, ptr %22, align 2, !tbaa !13
  %68 = sext i16 %67 to i32
  %69 = load i16, ptr %22, align 2, !tbaa !13
  %70 = sext i16 %69 to i32
  %71 = mul nsw i32 %68, %70
  %72 = load i32, ptr %20, align 4, !tbaa !10
  %73 = add nsw i32 %72, %71
  store i32 %73, ptr %20, align 4, !tbaa !10
  call void @llvm.lifetime.end.p0(i64 2, ptr %22) #2
  br label %74

74:                                               ; preds = %50
  %75 = load i64, ptr %21, align 8, !tbaa !8
  %76 = add nsw i64 %75, 1
  store i64 %76, ptr %21, align 8, !tbaa !8
  br label %45, !llvm.loop !15

77:                                               ; preds = %49
  %78 = load i32, ptr %19, align 4, !tbaa !10
  %79 = load ptr, ptr %13, align 8, !tbaa !4
  %80 = load i64, ptr %15, align 8, !tbaa !8
  %81 = getelementptr inbounds i32, ptr %79, i64 %80
  store i32 %78, ptr %81, align 4, !tbaa !10
  %82 = load i32, ptr %20, align 4, !tbaa !10
  %83 = load ptr, ptr %14, align 8, !tbaa !4
  %84 = load i64, ptr %15, align 8, !tbaa !8
  %85 = getelementptr inbounds i32, ptr %83, i64 %84
  store i32 %82, ptr %85, align 4, !tbaa !10
  call void @llvm.lifetime.end.p0(i64 4, ptr %20) #2
  call void @llvm.lifetime.end.p0(i64 4, ptr %19) #2
  call void @llvm.lifetime.end.p0(i64 8, ptr %18) #2
  call void @llvm.lifetime.end.p0(i64 8, ptr %17) #2
  br label %86

86:                                               ; preds = %77
  %87 = load i64, ptr %15, align 8, !tbaa !8
  %88 = add nsw i64 %87, 1
  store i64 %88, ptr %15, align 8, !tbaa !8
  br label %23, !llvm.loop !17

89:                                               ; preds = %27
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.start.p0(i64 immarg, ptr nocapture) #1

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.end.p0(i64 immarg, ptr nocapture) #1

attributes #0 = { nounwind        }
attributes #1 = { nocallback nofree nosync nounwind willreturn memory(argmem: readwrite) }
attributes #2 = { nounwind }

!llvm.module.flags = !{!0, !1, !2}
!llvm.ident = !{!3}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 8, !"PIC Level", i32 2}
!2 = !{i32 7, !"PIE Level", i32 2}
!3 = !{!"Debian clang version 19.1.7 (3~deb12u1)"}
!4 = !{!5, !5, i64 0}
!5 = !{!"any pointer", !6, i64 0}
!6 = !{!"omnipotent char", !7, i64 0}
!7 = !{!"Simple C/C++ TBAA"}
!8 = !{!9, !9, i64 0}
!9 = !{!"long long", !6, i64 0}
!10 = !{!11, !11, i64 0}
!11 = !{!"int", !6, i64 0}
!12 = !{!6, !6, i64 0}
!13 = !{!14, !14, i64 0}
!14 = !{!"short", !6, i64 0}
!15 = distinct !{!15, !16}
!16 = !{!"llvm.loop.mustprogress"}
!17 = distinct !{!17, !16}
